/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static int parse_unix(struct ms_span path, struct ms_addr *ret_addr)
{
	struct ms_addr a = { 0 };

	if (path.len < 2 || (path.p[0] != '/' && path.p[0] != '@') ||
	    ms_span_find(path, 0) < path.len)
		return -EINVAL;
	if (path.len >= sizeof(a.u.un.sun_path))
		return -ENAMETOOLONG;
	a.u.un.sun_family = AF_UNIX;
	memcpy(a.u.un.sun_path, path.p, path.len);
	a.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len);
	if (path.p[0] == '@')
		a.u.un.sun_path[0] = 0; /* abstract name: no NUL at its end */
	else
		a.len++;
	*ret_addr = a;
	return 0;
}

static int parse_port(struct ms_span text, uint16_t *ret_port)
{
	uint64_t v;

	if (ms_span_u64(text, 65535, &v))
		return -EINVAL;
	*ret_port = (uint16_t)v;
	return 0;
}

static int parse_ip(struct ms_span host, int family, uint16_t port, struct ms_addr *ret_addr)
{
	uint8_t ip[16];
	char text[INET6_ADDRSTRLEN];

	if (ms_span_to_str(host, text, sizeof(text)) || inet_pton(family, text, ip) != 1)
		return -EINVAL;
	return ms_addr_from_octets(ms_span_of(ip, family == AF_INET ? 4 : 16), port, ret_addr);
}

/* "[v6]" or "[v6]:port" */
static int parse_bracketed(struct ms_span text, uint16_t port, struct ms_addr *ret_addr)
{
	struct ms_span rest = ms_span_from(text, 1), host = ms_span_cut(&rest, ']');

	if (!rest.p)
		return -EINVAL;
	if (rest.len > 0 && (rest.p[0] != ':' || parse_port(ms_span_from(rest, 1), &port)))
		return -EINVAL;
	return parse_ip(host, AF_INET6, port, ret_addr);
}

static int parse_any(uint16_t port, struct ms_addr *ret_addr)
{
	static const uint8_t zero[16];

	return ms_addr_from_octets(ms_span_of(zero, 16), port, ret_addr);
}

int ms_addr_parse(struct ms_span text, uint16_t default_port, struct ms_addr *ret_addr)
{
	struct ms_span rest = text, host;
	uint16_t port = default_port;

	if (ms_span_starts(text, MS_SPAN_LIT("unix:")))
		return parse_unix(ms_span_from(text, 5), ret_addr);
	if (text.len > 0 && text.p[0] == '[')
		return parse_bracketed(text, port, ret_addr);
	host = ms_span_cut(&rest, ':');
	if (rest.p && ms_span_find(rest, ':') < rest.len)
		return parse_ip(text, AF_INET6, port, ret_addr);
	if (rest.p && parse_port(rest, &port))
		return -EINVAL;
	if (ms_span_is(host, "*") || (rest.p && host.len == 0))
		return parse_any(port, ret_addr);
	return parse_ip(host, AF_INET, port, ret_addr);
}

int ms_addr_from_octets(struct ms_span ip, uint16_t port, struct ms_addr *ret_addr)
{
	struct ms_addr a = { 0 };

	if (ip.len == 4) {
		a.u.in.sin_family = AF_INET;
		a.u.in.sin_port = htons(port);
		memcpy(&a.u.in.sin_addr, ip.p, 4);
		a.len = sizeof(a.u.in);
	} else if (ip.len == 16) {
		a.u.in6.sin6_family = AF_INET6;
		a.u.in6.sin6_port = htons(port);
		memcpy(&a.u.in6.sin6_addr, ip.p, 16);
		a.len = sizeof(a.u.in6);
	} else {
		return -EINVAL;
	}
	*ret_addr = a;
	return 0;
}

int ms_addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct ms_addr *ret_addr)
{
	struct ms_addr a = { 0 };

	if (len < sizeof(sa->sa_family) || len > sizeof(a.u))
		return -EAFNOSUPPORT;
	memcpy(&a.u, sa, len);
	a.len = len;
	if ((a.u.sa.sa_family == AF_INET && len >= sizeof(a.u.in)) ||
	    (a.u.sa.sa_family == AF_INET6 && len >= sizeof(a.u.in6)) ||
	    a.u.sa.sa_family == AF_UNIX) {
		*ret_addr = a;
		return 0;
	}
	return -EAFNOSUPPORT;
}

/* A UNIX client has no name; an abstract one shows its NUL as '@'. */
static char *print_unix(const struct ms_addr *a, char *dst, size_t size)
{
	size_t n = a->len - offsetof(struct sockaddr_un, sun_path);
	const char *path = a->u.un.sun_path;

	if (a->len <= offsetof(struct sockaddr_un, sun_path))
		snprintf(dst, size, "unix:");
	else if (path[0] == 0)
		snprintf(dst, size, "unix:@%.*s", (int)n - 1, path + 1);
	else
		snprintf(dst, size, "unix:%.*s", (int)strnlen(path, n), path);
	return dst;
}

char *ms_addr_print_host(const struct ms_addr *a, char dst[static MS_ADDR_TEXT_MAX])
{
	switch (ms_addr_family(a)) {
	case AF_INET:
		inet_ntop(AF_INET, &a->u.in.sin_addr, dst, MS_ADDR_TEXT_MAX);
		return dst;
	case AF_INET6:
		inet_ntop(AF_INET6, &a->u.in6.sin6_addr, dst, MS_ADDR_TEXT_MAX);
		return dst;
	case AF_UNIX:
		return print_unix(a, dst, MS_ADDR_TEXT_MAX);
	default:
		snprintf(dst, MS_ADDR_TEXT_MAX, "-");
		return dst;
	}
}

char *ms_addr_print(const struct ms_addr *a, char dst[static MS_ADDR_TEXT_MAX])
{
	char host[MS_ADDR_TEXT_MAX];
	int family = ms_addr_family(a);

	ms_addr_print_host(a, host);
	if (family == AF_INET)
		snprintf(dst, MS_ADDR_TEXT_MAX, "%.60s:%u", host, ms_addr_port(a));
	else if (family == AF_INET6)
		snprintf(dst, MS_ADDR_TEXT_MAX, "[%.60s]:%u", host, ms_addr_port(a));
	else
		memcpy(dst, host, sizeof(host));
	return dst;
}

uint16_t ms_addr_port(const struct ms_addr *a)
{
	if (ms_addr_family(a) == AF_INET)
		return ntohs(a->u.in.sin_port);
	if (ms_addr_family(a) == AF_INET6)
		return ntohs(a->u.in6.sin6_port);
	return 0;
}

void ms_addr_set_port(struct ms_addr *a, uint16_t port)
{
	if (ms_addr_family(a) == AF_INET)
		a->u.in.sin_port = htons(port);
	else if (ms_addr_family(a) == AF_INET6)
		a->u.in6.sin6_port = htons(port);
}

/* The octets of the host; the IPv4 ones of a mapped address. */
static struct ms_span host_octets(const struct ms_addr *a)
{
	const uint8_t *p;

	switch (ms_addr_family(a)) {
	case AF_INET:
		return ms_span_of(&a->u.in.sin_addr, 4);
	case AF_INET6:
		p = a->u.in6.sin6_addr.s6_addr;
		if (memcmp(p, mapped_prefix, sizeof(mapped_prefix)) == 0)
			return ms_span_of(p + 12, 4);
		return ms_span_of(p, 16);
	case AF_UNIX:
		return ms_span_of(a->u.un.sun_path,
				  a->len - offsetof(struct sockaddr_un, sun_path));
	default:
		return MS_SPAN_NULL;
	}
}

bool ms_addr_same_host(const struct ms_addr *a, const struct ms_addr *b)
{
	bool local = ms_addr_family(a) == AF_UNIX;

	return local == (ms_addr_family(b) == AF_UNIX) &&
	       ms_span_eq(host_octets(a), host_octets(b));
}

bool ms_addr_equal(const struct ms_addr *a, const struct ms_addr *b)
{
	return ms_addr_same_host(a, b) && ms_addr_port(a) == ms_addr_port(b);
}

bool ms_addr_is_loopback(const struct ms_addr *a)
{
	struct ms_span ip = host_octets(a);

	if (ms_addr_family(a) == AF_UNIX)
		return true;
	if (ip.len == 4)
		return ip.p[0] == 127;
	return ip.len == 16 && IN6_IS_ADDR_LOOPBACK(&a->u.in6.sin6_addr);
}

bool ms_addr_is_any(const struct ms_addr *a)
{
	static const uint8_t zero[16];
	struct ms_span ip = host_octets(a);

	return ms_addr_family(a) != AF_UNIX && ip.len > 0 && memcmp(ip.p, zero, ip.len) == 0;
}

struct ms_span ms_addr_host_key(const struct ms_addr *a)
{
	struct ms_span ip = host_octets(a);

	if (ms_addr_family(a) == AF_UNIX)
		return MS_SPAN_NULL;
	return ip.len == 16 ? ms_span_sub(ip, 0, 8) : ip;
}
