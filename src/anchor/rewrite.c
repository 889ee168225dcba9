/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A description for the other side: all lines as they came, but those that name the way through the
 * gateway. What we do not know passes; key-mgmt and the TLS attributes of lines that are not e2ae are
 * such (TS 23.334 clause 6.2.10A).
 */
#include <errno.h>

#include "anchor/anchor-priv.h"
#include "core/ip.h"
#include "sdp/build.h"

static const char *const protos[][2] = {
	/* plain, over TLS */
	[MS_ANCHOR_MSRP] = { "TCP/MSRP", "TCP/TLS/MSRP" },
	[MS_ANCHOR_BFCP] = { "TCP/BFCP", "TCP/TLS/BFCP" },
};

static bool is_e2ae(const struct ms_anchor_edit *e)
{
	return e->line && e->line->treatment == MS_ANCHOR_E2AE;
}

static void put_line(struct ms_buf *b, const struct ms_sdp_line *l)
{
	ms_buf_put_u8(b, (uint8_t)l->type);
	ms_buf_put_u8(b, '=');
	ms_buf_put_span(b, l->value);
	ms_buf_put_str(b, "\r\n");
}

static void put_connection(struct ms_buf *b, const struct ms_bearer_address *a)
{
	ms_buf_put_str(b, a->family == 6 ? "c=IN IP6 " : "c=IN IP4 ");
	ms_ip_put(b, a->family, a->octets);
	ms_buf_put_str(b, "\r\n");
}

/* ---- the session part ---- */

/* The session's c= line is in force for no line that stays as it is: then it would tell a wrong place. */
static const struct ms_anchor_edit *instead(const struct ms_sdp *sdp,
					    const struct ms_anchor_edit *edits)
{
	const struct ms_anchor_edit *first = NULL;
	struct ms_span own;

	for (size_t i = 0; i < sdp->n_media; i++) {
		if (sdp->media[i].port == 0)
			continue;
		if (edits[i].line)
			first = first ? first : &edits[i];
		else if (!ms_sdp_line(&sdp->media[i].section, 'c', &own))
			return NULL;
	}
	return first;
}

/* A session's fingerprint is for all TLS lines: it goes when the last of them ends at the gateway. */
static bool fingerprint_goes(const struct ms_sdp *sdp, const struct ms_anchor_edit *edits)
{
	bool any = false;

	for (size_t i = 0; i < sdp->n_media; i++) {
		if (sdp->media[i].port == 0)
			continue;
		any = any || is_e2ae(&edits[i]);
		if (!is_e2ae(&edits[i]) &&
		    ms_span_find_span(sdp->media[i].proto, MS_SPAN_LIT("TLS")) <
			    sdp->media[i].proto.len)
			return false;
	}
	return any;
}

static bool attr_is(const struct ms_sdp_line *l, const char *name)
{
	struct ms_span v = l->value;

	return l->type == 'a' && ms_span_is(ms_span_cut(&v, ':'), name);
}

static void put_session(struct ms_buf *b, const struct ms_sdp *sdp,
			const struct ms_anchor_edit *edits, enum ms_anchor_side to)
{
	const struct ms_anchor_edit *c = instead(sdp, edits);
	bool no_fingerprint = fingerprint_goes(sdp, edits);

	for (size_t i = 0; i < sdp->session.n_lines; i++) {
		const struct ms_sdp_line *l = &sdp->session.lines[i];

		if (l->type == 'c' && c)
			put_connection(b, &c->line->end[to].local);
		else if (!no_fingerprint || !attr_is(l, "fingerprint"))
			put_line(b, l);
	}
}

/* ---- an m-line through the gateway ---- */

/* Attributes that we say ourselves, or that end here. */
static bool is_ours(const struct ms_sdp_line *l, const struct ms_anchor_edit *e)
{
	if (attr_is(l, "setup"))
		return true;
	if (is_e2ae(e) &&
	    (attr_is(l, "fingerprint") || attr_is(l, "3ge2ae") || attr_is(l, "tls-id")))
		return true;
	return attr_is(l, "path") &&
	       (e->line->mode == MS_ANCHOR_MODE_B2BUA || e->line->mode == MS_ANCHOR_MODE_SESSMATCH);
}

static void put_media(struct ms_buf *b, const struct ms_sdp_media *m,
		      const struct ms_anchor_edit *e, enum ms_anchor_side to)
{
	const struct ms_anchor_end *end = &e->line->end[to];
	uint16_t port = m->port == 0 ? 0 : e->setup == MS_SDP_ACTIVE ? 9 : end->local.port;

	ms_buf_put_str(b, "m=");
	ms_buf_put_span(b, m->media);
	ms_buf_printf(b, " %u ", port);
	if (is_e2ae(e))
		ms_buf_put_str(b, protos[e->line->medium][to == MS_ANCHOR_ACCESS]);
	else
		ms_buf_put_span(b, m->proto);
	ms_buf_put_u8(b, ' ');
	ms_buf_put_span(b, m->fmt);
	ms_buf_put_str(b, "\r\n");
}

/* sessmatch: the first URI gets our host and port, and the scheme of this side; the rest stays. */
static void put_sessmatch_path(struct ms_buf *b, struct ms_span path,
			       const struct ms_anchor_edit *e, enum ms_anchor_side to)
{
	const struct ms_bearer_address *a = &e->line->end[to].local;
	bool tls = is_e2ae(e) && to == MS_ANCHOR_ACCESS;
	struct ms_span scheme_end = MS_SPAN_LIT("://");
	size_t at = ms_span_find_span(path, scheme_end), slash;

	ms_buf_put_str(b, tls ? "a=path:msrps://" : "a=path:msrp://");
	path = ms_span_from(path, at + scheme_end.len);
	slash = ms_span_find(path, '/');
	if (a->family == 6)
		ms_buf_put_u8(b, '[');
	ms_ip_put(b, a->family, a->octets);
	ms_buf_printf(b, a->family == 6 ? "]:%u" : ":%u", a->port);
	ms_buf_put_span(b, ms_span_from(path, slash));
	ms_buf_put_str(b, "\r\n");
}

static void put_path(struct ms_buf *b, const struct ms_sdp_media *m, const struct ms_anchor_edit *e,
		     enum ms_anchor_side to)
{
	struct ms_span path;

	if (e->line->mode == MS_ANCHOR_MODE_B2BUA)
		ms_buf_printf(b, "a=path:%s\r\n", e->line->end[to].path);
	else if (e->line->mode == MS_ANCHOR_MODE_SESSMATCH &&
		 ms_sdp_attr(&m->section, "path", &path))
		put_sessmatch_path(b, path, e, to);
}

static void put_own_attributes(struct ms_buf *b, const struct ms_sdp_media *m,
			       const struct ms_anchor_edit *e, enum ms_anchor_side to)
{
	const struct ms_bearer_fingerprints *own = &e->line->end[to].own;

	ms_sdp_put_setup(b, e->setup);
	put_path(b, m, e, to);
	if (!is_e2ae(e) || to != MS_ANCHOR_ACCESS)
		return;
	for (unsigned i = 0; i < own->n; i++) {
		ms_buf_put_str(b, "a=fingerprint:");
		ms_bearer_fingerprint_put(b, &own->list[i]);
		ms_buf_put_str(b, "\r\n");
	}
	if (e->applied)
		ms_buf_put_str(b, "a=3ge2ae:applied\r\n");
}

/* m=, i=, c=, the rest (RFC 8866 section 5). */
static void put_section(struct ms_buf *b, const struct ms_sdp_media *m,
			const struct ms_anchor_edit *e, enum ms_anchor_side to)
{
	const struct ms_sdp_section *s = &m->section;
	size_t i = 1;

	put_media(b, m, e, to);
	while (i < s->n_lines && s->lines[i].type == 'i')
		put_line(b, &s->lines[i++]);
	if (m->port)
		put_connection(b, &e->line->end[to].local);
	for (; i < s->n_lines; i++)
		if (s->lines[i].type != 'c' && !is_ours(&s->lines[i], e))
			put_line(b, &s->lines[i]);
	if (m->port)
		put_own_attributes(b, m, e, to);
}

int ms_anchor_rewrite(const struct ms_sdp *sdp, const struct ms_anchor_edit *edits,
		      enum ms_anchor_side to, struct ms_buf *out)
{
	put_session(out, sdp, edits, to);
	for (size_t i = 0; i < sdp->n_media; i++) {
		const struct ms_sdp_media *m = &sdp->media[i];

		if (edits[i].line) {
			put_section(out, m, &edits[i], to);
			continue;
		}
		for (size_t j = 0; j < m->section.n_lines; j++)
			put_line(out, &m->section.lines[j]);
	}
	return ms_buf_status(out);
}
