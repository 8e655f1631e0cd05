"""What byte streams carry: TLS, HTTP, DNS, and what stands before them."""
