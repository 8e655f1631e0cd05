/* Sends small frames at a rate: sender INTERFACE udp|tcp|http PACKETS_A_SECOND SECONDS
 *
 * Prints how many packets it sent, and in how many seconds. Both directions of a connection go out of the one interface:
 * who watches the other end of the cable sees what a mirror port would show.
 *
 *   udp   one datagram to one port, again and again
 *   tcp   CONNECTIONS that stay open, on which in turn 6 bytes are sent and acknowledged
 *   http  connections of STEPS packets with one request and its answer each, ROUND at a time
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, ROOM = 192, ETHERNET = 14, IP = 20, TCP = 20, SHORTEST = 60 };
enum { CONNECTIONS = 1000, ROUND = 64, STEPS = 10 };
enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: load.example\r\n\r\n";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static unsigned char frames[BATCH][ROOM];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];
static int used, descriptor;
static uint64_t sent, total, rate;
static struct timespec begun;

static double passed(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - begun.tv_sec + (now.tv_nsec - begun.tv_nsec) / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* The Internet checksum (RFC 1071) of some bytes, on top of a sum. */
static uint32_t add(uint32_t sum, const unsigned char *bytes, int length) {
    for (; length > 1; bytes += 2, length -= 2) sum += bytes[0] << 8 | bytes[1];
    return length ? sum + (bytes[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void put16(unsigned char *at, uint32_t value) {
    at[0] = value >> 8;
    at[1] = value;
}

static void put32(unsigned char *at, uint32_t value) {
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* Send what was built, no sooner than the rate allows. */
static void flush(void) {
    double early = (double)sent / rate - passed();
    if (early > 0.0005) {
        struct timespec pause = {0, (long)(early * 1e9)};
        nanosleep(&pause, NULL);
    }
    for (int done = 0; done < used;) {
        int now = sendmmsg(descriptor, messages + done, used - done, 0);
        if (now < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("sendmmsg");
        if (now > 0) done += now, sent += now;
    }
    used = 0;
}

/* The next frame, with its IPv4 header; what follows that has so many bytes. */
static unsigned char *next(int protocol, uint32_t from, uint32_t to, int length) {
    unsigned char *frame = frames[used], *ip = frame + ETHERNET;
    int size = ETHERNET + IP + length;
    memset(frame, 0, size < SHORTEST ? SHORTEST : size);
    memcpy(frame, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08", 13);
    ip[0] = 0x45, ip[6] = 0x40, ip[8] = 64, ip[9] = protocol;
    put16(ip + 2, IP + length);
    put32(ip + 12, from);
    put32(ip + 16, to);
    uint16_t sum = folded(add(0, ip, IP));
    memcpy(ip + 10, &sum, 2);
    parts[used].iov_len = size < SHORTEST ? SHORTEST : size;
    return ip + IP;
}

static void built(void) {
    if (++used == BATCH) flush();
}

static void segment(int back, uint32_t client, int port, uint32_t seq, uint32_t ack, int flags, const char *data) {
    const uint32_t server = 0x0a800001; /* 10.128.0.1 */
    int size = data ? strlen(data) : 0;
    uint32_t from = back ? server : client, to = back ? client : server;
    unsigned char *tcp = next(6, from, to, TCP + size);
    put16(tcp, back ? 80 : port);
    put16(tcp + 2, back ? port : 80);
    put32(tcp + 4, seq);
    put32(tcp + 8, flags & ACK ? ack : 0);
    tcp[12] = 0x50, tcp[13] = flags;
    put16(tcp + 14, 64000);
    if (size) memcpy(tcp + TCP, data, size);
    uint16_t sum = folded(add(add(6 + TCP + size, tcp - 8, 8), tcp, TCP + size));
    memcpy(tcp + 16, &sum, 2);
    built();
}

static void udp(void) {
    while (sent < total) {
        unsigned char *datagram = next(17, 0x0a000001, 0x0a800001, 26);
        put16(datagram, 40000);
        put16(datagram + 2, 9999);
        put16(datagram + 4, 26);
        built();
    }
}

static uint32_t client_of(uint32_t number) { return 0x0a000001 + number % 0x3fffff; }

static void opened(uint32_t client, int port) {
    segment(0, client, port, 0, 0, SYN, NULL);
    segment(1, client, port, 0, 1, SYN | ACK, NULL);
    segment(0, client, port, 1, 1, ACK, NULL);
}

static void tcp(void) {
    for (int i = 0; i < CONNECTIONS; i++) opened(client_of(i), 40000);
    for (uint32_t said = 1; sent < total; said += 6)
        for (int i = 0; i < CONNECTIONS && sent < total; i++) {
            segment(0, client_of(i), 40000, said, 1, PSH | ACK, "hello\n");
            segment(1, client_of(i), 40000, 1, said + 6, ACK, NULL);
        }
}

static void step(uint32_t number, int which) {
    uint32_t client = client_of(number), asked = sizeof REQUEST, told = sizeof ANSWER; /* behind them, counted from 1 */
    int port = 1024 + number % 60000;
    switch (which) {
        case 0: segment(0, client, port, 0, 0, SYN, NULL); break;
        case 1: segment(1, client, port, 0, 1, SYN | ACK, NULL); break;
        case 2: segment(0, client, port, 1, 1, ACK, NULL); break;
        case 3: segment(0, client, port, 1, 1, PSH | ACK, REQUEST); break;
        case 4: segment(1, client, port, 1, asked, ACK, NULL); break;
        case 5: segment(1, client, port, 1, asked, PSH | ACK, ANSWER); break;
        case 6: segment(0, client, port, asked, told, ACK, NULL); break;
        case 7: segment(0, client, port, asked, told, FIN | ACK, NULL); break;
        case 8: segment(1, client, port, told, asked + 1, FIN | ACK, NULL); break;
        default: segment(0, client, port, asked + 1, told + 1, ACK, NULL);
    }
}

static void http(void) {
    for (uint32_t first = 0; sent < total; first += ROUND)
        for (int which = 0; which < STEPS; which++)
            for (int i = 0; i < ROUND; i++) step(first + i, which);
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "sender INTERFACE udp|tcp|http PACKETS_A_SECOND SECONDS\n");
        return 2;
    }
    rate = strtoull(words[3], NULL, 10);
    total = rate * strtoull(words[4], NULL, 10);
    descriptor = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(words[1])};
    int on = 1, room = 1 << 22;
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&place, sizeof place)) fail(words[1]);
    setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    for (int i = 0; i < BATCH; i++) {
        parts[i].iov_base = frames[i];
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &begun);
    if (!strcmp(words[2], "udp")) udp();
    else if (!strcmp(words[2], "tcp")) tcp();
    else http();
    flush();
    printf("%llu %f\n", (unsigned long long)sent, passed());
    return 0;
}
