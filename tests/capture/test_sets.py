"""Rotated sets: what is one capture, what is not, and that a set reads as the merged file."""

import gzip

import pytest

from analyzer.capture.files import expand

ROTATED = {
    "tcpdump -C": ["trace.pcap", "trace.pcap1", "trace.pcap2"],
    "tcpdump -C, many": ["t"] + [f"t{i}" for i in range(1, 12)],
    "tcpdump -C -W": ["trace.pcap00", "trace.pcap01", "trace.pcap02"],
    "tcpdump -G": ["t-20260101-120000.pcap", "t-20260101-120010.pcap", "t-20260101-120020.pcap"],
    "tcpdump -G, other pattern": ["t_2026-01-01_12:00:00.pcap", "t_2026-01-01_12:00:10.pcap"],
    "tcpdump -G %s": ["t.1767268800.pcap", "t.1767268810.pcap"],
    "tcpdump -G -C": ["t-20260101120000.pcap", "t-20260101120000.pcap1", "t-20260101120010.pcap"],
    "dumpcap -b": ["t_00001_20260101120000.pcapng", "t_00002_20260101120000.pcapng", "t_00003_20260101120020.pcapng"],
    "dumpcap -b nametimenum": ["t_20260101120000_00001.pcapng", "t_20260101120010_00002.pcapng"],
    "compressed": ["trace.pcap.gz", "trace.pcap1.gz"],
}

APART = {
    "digits before the suffix": ["a1.pcap", "a2.pcap"],
    "another name": ["a.pcap", "b.pcap1"],
    "no suffix and no first member": ["fetch1", "fetch2"],
    "a gap in the numbers": ["trace.pcap", "trace.pcap2"],
    "no numbers": ["trace.pcap", "trace.pcapng"],
}


def write(folder, names, contents):
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def following(build, count, step=10, last=9):
    return [build.pcap((i * step, i * step + last)) for i in range(count)]


@pytest.mark.parametrize("names", ROTATED.values(), ids=ROTATED)
def test_members_are_one_capture(build, read, tmp_path, names):
    """Names as the tools give them and times that follow each other make a set, in time order."""
    write(tmp_path, names, following(build, len(names)))
    sources = expand([tmp_path])
    assert [source.name for source in sources] == [f"{tmp_path / names[0]} (+{len(names) - 1})"]
    assert sources[0].paths == [str(tmp_path / name) for name in names]
    result = read(sources[0])
    assert [frame[0] for frame in result.frames] == list(range(1, 2 * len(names) + 1))
    assert [frame[1] for frame in result.frames] == sorted(frame[1] for frame in result.frames)


@pytest.mark.parametrize("names", APART.values(), ids=APART)
def test_other_names_stay_apart(build, tmp_path, names):
    """Files that no tool would name so are captures of their own, whatever their times."""
    write(tmp_path, names, following(build, len(names)))
    assert len(expand([tmp_path])) == len(names)


def test_order_of_the_arguments_does_not_matter(build, tmp_path):
    """A set is in time order however its members were given, and stands where its first member was given."""
    names = ["trace.pcap1", "trace.pcap", "other.pcap"]
    write(tmp_path, ["trace.pcap", "trace.pcap1", "other.pcap"], following(build, 3))
    sources = expand([tmp_path / name for name in names])
    assert [source.name for source in sources] == [f"{tmp_path}/trace.pcap (+1)", f"{tmp_path}/other.pcap"]


def test_a_ring_that_began_anew(build, tmp_path):
    """`tcpdump -W` overwrites the oldest member: the set begins behind the newest."""
    first, second, third = following(build, 3)
    write(tmp_path, ["r.pcap0", "r.pcap1", "r.pcap2"], [third, first, second])
    source = expand([tmp_path])[0]
    assert [path[-1] for path in source.paths] == ["1", "2", "0"]


def test_names_without_suffix_need_even_sizes(build, tmp_path):
    """`fetch`, `fetch1`, `fetch2` of different sizes were not cut by `tcpdump -C`."""
    write(tmp_path, ["fetch", "fetch1", "fetch2"], [build.pcap((0,)), build.pcap((1, 2, 3)), build.pcap((4,))])
    assert len(expand([tmp_path])) == 3


def test_secrets_of_all_members_are_kept(build, tmp_path, read):
    """Decryption secrets of members that are read and closed stay with the capture."""
    for i in range(3):
        content = build.section() + build.interface() + build.block(10, b"key%d" % i) + build.packet(i * 10**6)
        (tmp_path / f"t_0000{i}_20260101120000.pcapng").write_bytes(content)
    capture = read(expand([tmp_path])[0]).capture
    assert [body for _, body in capture.secret_blocks] == [b"key0", b"key1", b"key2"]


@pytest.mark.parametrize("case", ["overlap", "backwards", "link type", "format", "no capture"])
def test_content_that_speaks_against_a_set(build, tmp_path, case):
    """Good names are not enough: times, link type and format must agree."""
    first, second, third = following(build, 3)
    if case == "overlap":
        first = build.pcap((0, 15))
    elif case == "backwards":
        first, second, third = third, second, first
    elif case == "link type":
        second = build.pcap((10, 19), link=113)
    elif case == "format":
        second = build.pcapng((10, 19))
    else:
        second = b"words"
    names = ["trace.pcap", "trace.pcap1", "trace.pcap2"]
    write(tmp_path, names, [first, second, third])
    assert [len(source.paths) for source in expand([tmp_path / name for name in names])] == [1, 1, 1]


def test_captures_of_separate_occasions(build, tmp_path):
    """Names told apart by a time only, with long pauses between the files, are separate captures."""
    write(tmp_path, ["run-20260101-120000.pcap", "run-20260101-130000.pcap"], following(build, 2, step=3600))
    assert len(expand([tmp_path])) == 2


def test_frames_out_of_order_at_a_boundary_are_merged(build, read, tmp_path):
    """Members that overlap a little are merged by time, equal times in member order, as mergecap does."""
    write(tmp_path, ["t.pcap", "t.pcap1"], [build.pcap((0, 5, 6)), build.pcap((6, 6, 7))])
    sources = expand([tmp_path])
    assert len(sources) == 1
    frames = read(sources[0]).frames
    assert [frame[1] for frame in frames] == sorted(frame[1] for frame in frames)
    assert [frame[5][0] for frame in frames] == [1, 2, 1, 2, 3, 3]


def test_damage_of_a_member_is_damage_of_the_set(build, read, tmp_path):
    """The members behind a cut one are read, and the warning names the member."""
    first, second, third = following(build, 3)
    write(tmp_path, ["t.pcap", "t.pcap1", "t.pcap2"], [first, second[:-5], third])
    result = read(expand([tmp_path])[0])
    assert len(result.frames) == 5
    assert result.damaged
    assert result.warnings == [f"`{tmp_path}/t.pcap1` is cut short after packet 1; the last packet was ignored"]


def test_the_end_of_a_large_member_is_found_without_reading_it(build, tmp_path):
    """Members of several MiB are checked for overlap by their last bytes."""
    sizes, times = [200_000] * 25, list(range(25))
    write(tmp_path, ["t.pcap", "t.pcap1"], [build.pcap(times, sizes=sizes), build.pcap((25, 26))])
    assert len(expand([tmp_path])) == 1
    (tmp_path / "t.pcap1").write_bytes(build.pcap((12, 26)))
    assert len(expand([tmp_path])) == 2
