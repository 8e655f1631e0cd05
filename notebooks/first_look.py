# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A first look: how long does a client wait before it knows that its fetch failed?
#
# **Answer.** A refusal (a reset, an alert, a status) is known within a few round trips. Silence (no SYN-ACK, a stalled
# handshake or response) costs seconds, and how many is decided by a timer of the client, not by the network.
# So the class of a verdict also tells how expensive the failure was.

# %%
from pathlib import Path

import analyzer

SAMPLES = Path(__file__).parent.parent / "samples" if "__file__" in globals() else Path("../samples")
fetches = analyzer.classify(SAMPLES)
fetches[["file", "class", "cause", "duration_s", "summary"]].head()

# %% [markdown]
# One row a fetch. The classes, and how long their fetches took:

# %%
failed = fetches[~fetches["class"].isin(["ok", "incomplete"])]
waits = failed.groupby("class")["duration_s"].describe()[["count", "min", "50%", "max"]].sort_values("50%")
print(waits.round(3).to_string())

# %% [markdown]
# The same by cause. Causes that end at once were told "no" by somebody; the slow ones were told nothing.

# %%
slow = failed.groupby(["class", "cause"])["duration_s"].median().sort_values(ascending=False)
print(slow.round(3).to_string())

# %% [markdown]
# What to look at next: the proving packets of the slowest fetch, ready to paste into Wireshark.

# %%
slowest = failed.loc[failed["duration_s"].idxmax()]
print(slowest["file"], slowest["wireshark_filter"], slowest["evidence"], slowest["advice"], sep="\n")
