/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket addresses as values: IPv4, IPv6 and UNIX, parsed from and printed as text. No names are
 * resolved here.
 */
#ifndef MS_LOOP_ADDR_H
#define MS_LOOP_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/attr.h"
#include "core/span.h"

/** All-zero is "no address" (ms_addr_is_set() is false). */
struct ms_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;
	socklen_t len;
};

/** Room for any printed address, with its NUL. */
#define MS_ADDR_TEXT_MAX 128

/**
 * Reads "192.0.2.1:5060", "192.0.2.1", "[2001:db8::1]:5060", "[2001:db8::1]", "2001:db8::1" (no
 * port possible), "*:5060" and ":5060" (IPv6 any address, which takes IPv4 too), or "unix:/path" (absolute, or
 * starting with '@' for the abstract name space). `default_port` is used where none is written.
 * Returns 0, -EINVAL (not such text) or -ENAMETOOLONG (UNIX path).
 */
MS_MUST_CHECK int ms_addr_parse(struct ms_span text, uint16_t default_port,
				struct ms_addr *ret_addr);

/** From 4 or 16 octets in network order. -EINVAL for another length. */
MS_MUST_CHECK int ms_addr_from_octets(struct ms_span ip, uint16_t port, struct ms_addr *ret_addr);

/** From what the socket calls return. -EAFNOSUPPORT for other families. */
MS_MUST_CHECK int ms_addr_from_sockaddr(const struct sockaddr *sa, socklen_t len,
					struct ms_addr *ret_addr);

/** "192.0.2.1:5060", "[2001:db8::1]:5060", "unix:/path", or "-" if not set. Returns dst. */
char *ms_addr_print(const struct ms_addr *a, char dst[static MS_ADDR_TEXT_MAX]);

/** Without port and brackets: "192.0.2.1", "2001:db8::1". Returns dst. */
char *ms_addr_print_host(const struct ms_addr *a, char dst[static MS_ADDR_TEXT_MAX]);

static inline bool ms_addr_is_set(const struct ms_addr *a)
{
	return a->len > 0;
}

/** AF_INET, AF_INET6, AF_UNIX, or AF_UNSPEC if not set. */
static inline int ms_addr_family(const struct ms_addr *a)
{
	return a->len > 0 ? a->u.sa.sa_family : AF_UNSPEC;
}

/** 0 for UNIX addresses. */
uint16_t ms_addr_port(const struct ms_addr *a);
void ms_addr_set_port(struct ms_addr *a, uint16_t port);

/** Same host and port; an IPv4-mapped IPv6 address equals its IPv4 form. */
bool ms_addr_equal(const struct ms_addr *a, const struct ms_addr *b);

/** Same host, whatever the ports. */
bool ms_addr_same_host(const struct ms_addr *a, const struct ms_addr *b);

/** 127.0.0.0/8, ::1 or UNIX. */
bool ms_addr_is_loopback(const struct ms_addr *a);

/** 0.0.0.0 or :: */
bool ms_addr_is_any(const struct ms_addr *a);

/**
 * The octets that name the host for per-address limits: 4 for IPv4 (mapped too), the first 8 (a
 * /64, which is what one customer has) for IPv6, none for UNIX. Borrowed from `a`.
 */
struct ms_span ms_addr_host_key(const struct ms_addr *a);

#endif
