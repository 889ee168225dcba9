/* SPDX-License-Identifier: Apache-2.0 */
/* What a party says in its m-line: where it is, its certificate, its MSRP path. */
#include <errno.h>
#include <string.h>

#include "anchor/anchor-priv.h"
#include "core/ip.h"

static int refuse(const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return -EPROTO;
}

/* ---- where ---- */

static bool literal(struct ms_span host, uint16_t port, struct ms_bearer_address *ret_a)
{
	struct ms_bearer_address a = { .port = port };

	if (host.len > 2 && host.p[0] == '[')
		host = ms_span_sub(host, 1, host.len - 2);
	a.family = ms_ip_parse(host, a.octets);
	if (a.family)
		*ret_a = a;
	return a.family != 0;
}

/*
 * c= and m= say it. A peer of RFC 4975 alone may have something else in its path, and means that: RFC
 * 6714 section 4.2.
 */
static int read_address(const struct ms_sdp_media *m, enum ms_anchor_mode mode,
			struct ms_anchor_party *p, const char **ret_reason)
{
	struct ms_span path = ms_span_str(p->path), host;
	uint16_t port;

	if (mode == MS_ANCHOR_MODE_SESSMATCH || mode == MS_ANCHOR_MODE_B2BUA) {
		path = ms_span_cut(&path, ' ');
		if (m->setup != MS_SDP_ACTIVE && !ms_sdp_msrp_uri_address(path, &host, &port) &&
		    literal(host, port, &p->address))
			return 0;
	}
	if (literal(m->connection.address, m->port, &p->address))
		return 0;
	return refuse("anchor_address", ret_reason);
}

/* ---- who ---- */

static bool is_weak(const struct ms_bearer_fingerprints *list)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->list[i].hash != MS_BEARER_SHA1)
			return false;
	return true;
}

/* RFC 8122 section 5: hashes we do not know are passed over; those of the media level count alone. */
static int read_fingerprints(const struct ms_anchor *a, const struct ms_sdp_section *section,
			     struct ms_bearer_fingerprints *list, const char **ret_reason)
{
	struct ms_span v;

	for (size_t i = 0; ms_sdp_attr_at(section, "fingerprint", i, &v); i++) {
		int err = list->n < MS_BEARER_FINGERPRINTS_MAX
				  ? ms_bearer_fingerprint_get(ms_span_trim(v), &list->list[list->n])
				  : -ENOTSUP;

		if (err == -EBADMSG)
			return refuse("anchor_bad_fingerprint", ret_reason);
		if (!err)
			list->n++;
	}
	if (list->n && is_weak(list) && !a->p.sha1)
		return refuse("anchor_weak_fingerprint", ret_reason);
	return 0;
}

static int read_certificate(const struct ms_anchor *a, const struct ms_sdp *sdp,
			    const struct ms_sdp_media *m, struct ms_anchor_party *p,
			    const char **ret_reason)
{
	bool own = ms_sdp_has(&m->section, "fingerprint");
	int err = read_fingerprints(a, own ? &m->section : &sdp->session, &p->fingerprints,
				    ret_reason);

	if (!err && !p->fingerprints.n)
		return refuse("anchor_no_fingerprint", ret_reason);
	return err;
}

int ms_anchor_party_read(const struct ms_anchor *a, const struct ms_sdp *sdp,
			 const struct ms_sdp_media *m, enum ms_anchor_mode mode, bool tls,
			 struct ms_anchor_party *ret_p, const char **ret_reason)
{
	struct ms_anchor_party p = { .setup = m->setup };
	struct ms_span v;
	int err;

	p.inactive = m->direction == MS_SDP_INACTIVE;
	if (ms_sdp_attr(&m->section, "connection", &v))
		p.new_connection = ms_span_is(ms_span_trim(v), "new");
	if (ms_sdp_attr(&m->section, "path", &v) && ms_span_to_str(v, p.path, sizeof(p.path)))
		return refuse("anchor_path", ret_reason);
	if ((mode == MS_ANCHOR_MODE_SESSMATCH || mode == MS_ANCHOR_MODE_B2BUA) && !p.path[0])
		return refuse("anchor_path", ret_reason);
	err = read_address(m, mode, &p, ret_reason);
	if (!err && tls)
		err = read_certificate(a, sdp, m, &p, ret_reason);
	if (!err)
		*ret_p = p;
	return err;
}

/* ---- changes ---- */

static bool same_fingerprints(const struct ms_bearer_fingerprints *a,
			      const struct ms_bearer_fingerprints *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (a->list[i].hash != b->list[i].hash ||
		    memcmp(a->list[i].digest, b->list[i].digest, a->list[i].len) != 0)
			return false;
	return true;
}

static bool same_address(const struct ms_bearer_address *a, const struct ms_bearer_address *b)
{
	return a->family == b->family && a->port == b->port &&
	       memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

bool ms_anchor_party_same(const struct ms_anchor_party *a, const struct ms_anchor_party *b)
{
	return same_address(&a->address, &b->address) &&
	       same_fingerprints(&a->fingerprints, &b->fingerprints) &&
	       strcmp(a->path, b->path) == 0;
}
