/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local and Remote of a stream that is a TCP bearer (TS 29.334 clause 5.8; TS 23.334 clauses 6.2.10
 * and 6.2.18): five kinds of lines, those alone.
 *
 *	v=0
 *	c=IN IP4 $                              address, or "$": choose one
 *	m=message $ TCP/TLS/MSRP *              port, whether TLS ends here, what is understood
 *	a=setup:passive
 *	a=fingerprint:SHA-256 $                 wanted; in a reply its value
 *	a=path:$                                MSRP-aware endpoints
 */
#include <errno.h>
#include <string.h>

#include "core/hex.h"
#include "core/ip.h"
#include "h248/coding.h"

/* ---- tables ---- */

/* TS 23.334 6.2.18.4, RFC 8122 section 4. The first row of an application is what is written. */
static const struct transport {
	const char *proto;
	bool tls;
	uint8_t application;
} transports[] = {
	{ "TCP", false, MS_BEARER_AGNOSTIC },  { "TCP/TLS", true, MS_BEARER_AGNOSTIC },
	{ "TCP/MSRP", false, MS_BEARER_MSRP }, { "TCP/TLS/MSRP", true, MS_BEARER_MSRP },
	{ "TCP/BFCP", false, MS_BEARER_BFCP }, { "TCP/TLS/BFCP", true, MS_BEARER_BFCP },
};

static const struct {
	const char *media, *format;
} kinds[] = {
	[MS_BEARER_AGNOSTIC] = { "-", "-" },
	[MS_BEARER_MSRP] = { "message", "*" },
	[MS_BEARER_BFCP] = { "application", "*" },
};

static const char *const setups[] = {
	[MS_BEARER_SETUP_ACTIVE] = "active",
	[MS_BEARER_SETUP_PASSIVE] = "passive",
	[MS_BEARER_SETUP_ACTPASS] = "actpass",
};

/* RFC 8122 section 5; MD2 and MD5 must not be used. */
static const struct {
	const char *name;
	uint8_t len;
} hashes[] = {
	[MS_BEARER_SHA1] = { "SHA-1", 20 },     [MS_BEARER_SHA224] = { "SHA-224", 28 },
	[MS_BEARER_SHA256] = { "SHA-256", 32 }, [MS_BEARER_SHA384] = { "SHA-384", 48 },
	[MS_BEARER_SHA512] = { "SHA-512", 64 },
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- writing ---- */

static void put_connection(struct ms_buf *buf, const struct ms_bearer *b,
			   enum ms_h248_coding_side side)
{
	const struct ms_bearer_address *a = side == MS_H248_CODING_LOCAL ? &b->local : &b->remote;
	static const uint8_t none[16];
	bool known = memcmp(a->octets, none, sizeof(none)) != 0;

	ms_buf_put_str(buf, a->family == 6 ? "c=IN IP6 " : "c=IN IP4 ");
	if (side == MS_H248_CODING_LOCAL && !known)
		ms_buf_put_u8(buf, '$');
	else
		ms_ip_put(buf, a->family == 6 ? 6 : 4, a->octets);
	ms_buf_put_str(buf, "\r\n");
}

static void put_media(struct ms_buf *buf, const struct ms_bearer *b, enum ms_h248_coding_side side)
{
	const struct ms_bearer_address *a = side == MS_H248_CODING_LOCAL ? &b->local : &b->remote;

	ms_buf_put_str(buf, "m=");
	ms_buf_put_str(buf, kinds[b->application].media);
	ms_buf_put_u8(buf, ' ');
	if (side == MS_H248_CODING_LOCAL && !a->port)
		ms_buf_put_u8(buf, '$');
	else
		ms_buf_put_decimal(buf, a->port);
	for (size_t i = 0; i < N(transports); i++)
		if (transports[i].application == b->application && transports[i].tls == b->tls) {
			ms_buf_put_u8(buf, ' ');
			ms_buf_put_str(buf, transports[i].proto);
		}
	ms_buf_put_u8(buf, ' ');
	ms_buf_put_str(buf, kinds[b->application].format);
}

void ms_bearer_fingerprint_put(struct ms_buf *buf, const struct ms_bearer_fingerprint *f)
{
	ms_buf_put_str(buf, hashes[f->hash].name);
	ms_buf_put_u8(buf, ' ');
	ms_hex_encode_upper(buf, ms_span_of(f->digest, f->len), ':');
}

static bool has_hash(const struct ms_bearer_fingerprints *list, enum ms_bearer_hash h)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->list[i].hash == h)
			return true;
	return false;
}

static void put_fingerprints(struct ms_buf *buf, const struct ms_bearer *b,
			     enum ms_h248_coding_side side)
{
	const struct ms_bearer_fingerprints *list =
		side == MS_H248_CODING_LOCAL ? &b->local_fingerprints : &b->remote_fingerprints;

	for (unsigned i = 0; i < list->n; i++) {
		ms_buf_put_str(buf, "\r\na=fingerprint:");
		ms_bearer_fingerprint_put(buf, &list->list[i]);
	}
	for (unsigned h = 0; side == MS_H248_CODING_LOCAL && h < N(hashes); h++)
		if ((b->want_fingerprints & 1u << h) && !has_hash(list, h))
			ms_buf_printf(buf, "\r\na=fingerprint:%s $", hashes[h].name);
}

void ms_h248_coding_put_sdp(struct ms_buf *buf, const struct ms_bearer *b,
			    enum ms_h248_coding_side side)
{
	bool local = side == MS_H248_CODING_LOCAL;
	const char *path = local ? b->local_path : b->remote_path;
	enum ms_bearer_setup setup = local ? b->setup : b->remote_setup;

	ms_buf_put_str(buf, "v=0\r\n");
	put_connection(buf, b, side);
	put_media(buf, b, side);
	if (setup) {
		ms_buf_put_str(buf, "\r\na=setup:");
		ms_buf_put_str(buf, setups[setup]);
	}
	put_fingerprints(buf, b, side);
	if (path[0]) {
		ms_buf_put_str(buf, "\r\na=path:");
		ms_buf_put_str(buf, path);
	}
}

/* ---- reading ---- */

static int bad(struct ms_fault *f, const char *reason, size_t offset)
{
	return ms_fault_set(f, -EBADMSG, 474, reason, offset);
}

static int get_connection(struct ms_span v, struct ms_bearer_address *a, size_t offset,
			  struct ms_fault *f)
{
	struct ms_span net = ms_span_cut(&v, ' '), type = ms_span_cut(&v, ' ');
	uint8_t family = ms_span_is_nocase(type, "IP4")   ? 4
			 : ms_span_is_nocase(type, "IP6") ? 6
							  : 0;

	if (!family || !ms_span_is_nocase(net, "IN"))
		return bad(f, "h248_sdp_connection", offset);
	a->family = family;
	memset(a->octets, 0, sizeof(a->octets));
	v = ms_span_trim(v);
	if (ms_span_is(v, "$") || ms_span_is(v, "-"))
		return 0;
	if (ms_ip_parse(v, a->octets) != family)
		return bad(f, "h248_sdp_connection", offset);
	return 0;
}

static int get_transport(struct ms_span proto, struct ms_bearer *b, size_t offset,
			 struct ms_fault *f)
{
	for (size_t i = 0; i < N(transports); i++) {
		if (!ms_span_is_nocase(proto, transports[i].proto))
			continue;
		b->tls = transports[i].tls;
		b->application = transports[i].application;
		return 0;
	}
	return ms_fault_set(f, -EBADMSG, 449, "h248_sdp_transport", offset);
}

/* m=<media> <port> <proto> <fmt>; the media type says nothing that the transport does not. */
static int get_media(struct ms_span v, struct ms_bearer *b, struct ms_bearer_address *a,
		     size_t offset, struct ms_fault *f)
{
	struct ms_span media = ms_span_cut(&v, ' '), port = ms_span_cut(&v, ' ');
	struct ms_span proto = ms_span_cut(&v, ' ');
	uint64_t number = 0;

	if (!media.len || !port.len || !proto.len)
		return bad(f, "h248_sdp_media", offset);
	if (!ms_span_is(port, "$") && !ms_span_is(port, "-") &&
	    ms_span_u64(port, UINT16_MAX, &number) < 0)
		return bad(f, "h248_sdp_port", offset);
	a->port = (uint16_t)number;
	return get_transport(proto, b, offset, f);
}

static int get_setup(struct ms_span v, enum ms_bearer_setup *setup, size_t offset,
		     struct ms_fault *f)
{
	for (unsigned i = MS_BEARER_SETUP_ACTIVE; i < N(setups); i++) {
		if (ms_span_is_nocase(v, setups[i])) {
			*setup = i;
			return 0;
		}
	}
	if (ms_span_is_nocase(v, "holdconn")) /* RFC 6135 section 4.2.1: as if it were not there */
		return 0;
	return bad(f, "h248_sdp_setup", offset);
}

/* 4A:AD:B9... to octets; -EBADMSG unless it is `len` of them. */
static int get_digest(struct ms_span v, uint8_t *digest, unsigned len)
{
	if (v.len != 3 * len - 1)
		return -EBADMSG;
	for (unsigned i = 0; i < len; i++) {
		int hi = ms_hex_digit(v.p[3 * i]), lo = ms_hex_digit(v.p[3 * i + 1]);

		if (hi < 0 || lo < 0 || (i + 1 < len && v.p[3 * i + 2] != ':'))
			return -EBADMSG;
		digest[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

int ms_bearer_fingerprint_get(struct ms_span v, struct ms_bearer_fingerprint *ret_f)
{
	struct ms_bearer_fingerprint fp = { .hash = 0 };
	struct ms_span name = ms_span_cut(&v, ' ');

	for (unsigned h = 0; h < N(hashes); h++) {
		if (!ms_span_is_nocase(name, hashes[h].name))
			continue;
		fp.hash = h;
		fp.len = hashes[h].len;
		if (get_digest(ms_span_trim(v), fp.digest, fp.len))
			return -EBADMSG;
		*ret_f = fp;
		return 0;
	}
	return -ENOTSUP;
}

/*
 * "SHA-256 $", "$ $" and "$" ask for a fingerprint (TS 23.334 8.2: Local certificate fingerprint
 * Request; its form in SDP was not readable): the latter two for SHA-256.
 */
static bool asks(struct ms_span v, uint32_t *want)
{
	struct ms_span name = ms_span_cut(&v, ' ');

	if (ms_span_is(name, "$") && (!v.p || ms_span_is(ms_span_trim(v), "$"))) {
		*want |= 1u << MS_BEARER_SHA256;
		return true;
	}
	if (!v.p || !ms_span_is(ms_span_trim(v), "$"))
		return false;
	for (unsigned h = 0; h < N(hashes); h++) {
		if (ms_span_is_nocase(name, hashes[h].name)) {
			*want |= 1u << h;
			return true;
		}
	}
	return false;
}

static int get_fingerprint(struct ms_span v, enum ms_h248_coding_side side, struct ms_bearer *b,
			   size_t offset, struct ms_fault *f)
{
	struct ms_bearer_fingerprints *list =
		side == MS_H248_CODING_LOCAL ? &b->local_fingerprints : &b->remote_fingerprints;
	struct ms_bearer_fingerprint fp;
	int err;

	if (side == MS_H248_CODING_LOCAL && asks(v, &b->want_fingerprints))
		return 0;
	err = ms_bearer_fingerprint_get(v, &fp);
	if (err == -ENOTSUP)
		return ms_fault_set(f, -EBADMSG, 449, "h248_sdp_hash", offset);
	if (err)
		return bad(f, "h248_sdp_fingerprint", offset);
	if (list->n == MS_BEARER_FINGERPRINTS_MAX)
		return ms_fault_set(f, -EBADMSG, 510, "h248_sdp_fingerprints", offset);
	list->list[list->n++] = fp;
	return 0;
}

static int get_attribute(struct ms_span v, enum ms_h248_coding_side side, struct ms_bearer *b,
			 size_t offset, struct ms_fault *f)
{
	bool local = side == MS_H248_CODING_LOCAL;
	struct ms_span name = ms_span_cut(&v, ':');

	v = ms_span_trim(v);
	if (ms_span_is(name, "setup"))
		return get_setup(v, local ? &b->setup : &b->remote_setup, offset, f);
	if (ms_span_is(name, "fingerprint"))
		return get_fingerprint(v, side, b, offset, f);
	if (ms_span_is(name, "path") &&
	    ms_span_to_str(v, local ? b->local_path : b->remote_path, MS_BEARER_PATH_MAX))
		return bad(f, "h248_sdp_path", offset);
	return 0; /* others are the business of the ends */
}

static int get_line(struct ms_span line, enum ms_h248_coding_side side, struct ms_bearer *b,
		    size_t offset, bool *has_media, struct ms_fault *f)
{
	struct ms_bearer_address *a = side == MS_H248_CODING_LOCAL ? &b->local : &b->remote;
	struct ms_span v = ms_span_from(line, 2);

	if (line.len < 2 || line.p[1] != '=')
		return bad(f, "h248_sdp_line", offset);
	switch (line.p[0]) {
	case 'c':
		return get_connection(v, a, offset, f);
	case 'm':
		if (*has_media)
			return bad(f, "h248_sdp_media", offset);
		*has_media = true;
		return get_media(v, b, a, offset, f);
	case 'a':
		return get_attribute(v, side, b, offset, f);
	default:
		return 0;
	}
}

/* What a descriptor replaces: all that it could say. */
static void clear(struct ms_bearer *b, enum ms_h248_coding_side side)
{
	if (side == MS_H248_CODING_LOCAL) {
		memset(&b->local, 0, sizeof(b->local));
		b->setup = MS_BEARER_SETUP_ABSENT;
		b->want_fingerprints = 0;
		b->local_fingerprints.n = 0;
		b->local_path[0] = '\0';
	} else {
		memset(&b->remote, 0, sizeof(b->remote));
		b->remote_setup = MS_BEARER_SETUP_ABSENT;
		b->remote_fingerprints.n = 0;
		b->remote_path[0] = '\0';
	}
}

int ms_h248_coding_get_sdp(struct ms_span sdp, enum ms_h248_coding_side side, struct ms_bearer *b,
			   struct ms_fault *f)
{
	struct ms_span rest = ms_span_trim(sdp);
	bool has_media = false;

	clear(b, side);
	while (rest.p) {
		size_t offset = (size_t)(rest.p - sdp.p);
		struct ms_span line = ms_span_trim(ms_span_cut(&rest, '\n'));
		int err = line.len ? get_line(line, side, b, offset, &has_media, f) : 0;

		if (err)
			return err;
	}
	return has_media ? 0 : bad(f, "h248_sdp_media", 0);
}
