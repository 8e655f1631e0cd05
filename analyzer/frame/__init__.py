"""From the bytes of a frame to one TCP packet, ICMP error or UDP datagram: link layers, tunnels, IP, fragments."""
