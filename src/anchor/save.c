/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as text, for the time after a restart. One fact a line, fields separated by blanks:
 *
 *	anchor 1 <n_media> <ue_msrp> <ue_bfcp> <nat> <others_up>
 *	context <gateway> <id>
 *	endpoint <slot> <stream> <events> <termination>
 *	line <index> <k> <treatment> <medium> <mode> <up>
 *	end <k> <side> <there> <active> <client> <local> <path>
 *	party <k> <side> <setup> <inactive> <address> <path>
 *	own|their <k> <side> <fingerprint>
 */
#include <errno.h>
#include <string.h>

#include "anchor/anchor-priv.h"
#include "core/alloc.h"
#include "core/ip.h"

#define SAVED_MAX 65536

/* ---- writing ---- */

static void put_address(struct ms_buf *b, const struct ms_bearer_address *a)
{
	ms_buf_put_u8(b, ' ');
	ms_ip_put(b, a->family, a->octets);
	ms_buf_printf(b, "%s/%u", a->family ? "" : "-", a->port);
}

static void put_text(struct ms_buf *b, const char *text)
{
	ms_buf_printf(b, " %s\n", text[0] ? text : "-");
}

static void put_fingerprints(struct ms_buf *b, const char *what, unsigned k, unsigned side,
			     const struct ms_bearer_fingerprints *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		ms_buf_printf(b, "%s %u %u ", what, k, side);
		ms_bearer_fingerprint_put(b, &list->list[i]);
		ms_buf_put_u8(b, '\n');
	}
}

static void put_end(struct ms_buf *b, const struct ms_anchor_line *l, unsigned side)
{
	const struct ms_anchor_end *e = &l->end[side];

	ms_buf_printf(b, "end %u %u %u %u %u", l->k, side, e->there, e->active, e->client);
	put_address(b, &e->local);
	put_text(b, e->path);
	ms_buf_printf(b, "party %u %u %u %u", l->k, side, (unsigned)e->party.setup,
		      e->party.inactive);
	put_address(b, &e->party.address);
	put_text(b, e->party.path);
	put_fingerprints(b, "own", l->k, side, &e->own);
	put_fingerprints(b, "their", l->k, side, &e->party.fingerprints);
}

static void put_context(struct ms_buf *b, const struct ms_mgc_context *c)
{
	struct ms_mgc_endpoint list[MS_MGC_SLOTS_MAX];
	size_t n = MS_MGC_SLOTS_MAX;

	ms_buf_printf(b, "context %s %u\n", ms_mgc_gateway_name(ms_mgc_context_gateway(c)),
		      ms_mgc_context_id(c));
	ms_mgc_context_endpoints(c, list, &n);
	for (size_t i = 0; i < n; i++)
		ms_buf_printf(b, "endpoint %u %u %u %s\n", list[i].slot, list[i].stream,
			      list[i].events, list[i].termination);
}

int ms_anchor_save(const struct ms_anchor_session *s, struct ms_buf *out)
{
	if (s->step != MS_ANCHOR_IDLE && s->step != MS_ANCHOR_UNDOING)
		return -EBUSY;
	ms_buf_printf(out, "anchor 1 %u %u %u %u %u\n", (unsigned)s->n_media, s->c.ue_msrp,
		      s->c.ue_bfcp, s->c.nat, s->others_up);
	if (s->context)
		put_context(out, s->context);
	for (unsigned i = 0; i < s->n_media; i++) {
		const struct ms_anchor_line *l = s->line[i];

		if (!l)
			continue;
		ms_buf_printf(out, "line %u %u %u %u %u %u\n", i, l->k, (unsigned)l->treatment,
			      (unsigned)l->medium, (unsigned)l->mode, l->up);
		put_end(out, l, 0);
		put_end(out, l, 1);
	}
	return ms_buf_status(out);
}

/* ---- reading ---- */

struct load {
	struct ms_anchor_session *s;
	struct ms_mgc_gateway *g;
	uint32_t context;
	struct ms_mgc_endpoint endpoints[MS_MGC_SLOTS_MAX];
	size_t n;
};

/* The next field as a number of at most `max`; the first error sticks in *err. */
static uint32_t number(struct ms_span *rest, uint32_t max, int *err)
{
	uint64_t v = 0;

	if (ms_span_u64(ms_span_cut(rest, ' '), max, &v))
		*err = -EBADMSG;
	return (uint32_t)v;
}

static void text(struct ms_span *rest, char *dst, size_t size, int *err)
{
	struct ms_span v = ms_span_cut(rest, ' ');

	if (ms_span_is(v, "-"))
		dst[0] = '\0';
	else if (!v.len || ms_span_to_str(v, dst, size))
		*err = -EBADMSG;
}

static void address(struct ms_span *rest, struct ms_bearer_address *a, int *err)
{
	struct ms_span v = ms_span_cut(rest, ' '), host = ms_span_cut(&v, '/');

	a->family = ms_ip_parse(host, a->octets);
	if (!a->family && !ms_span_is(host, "-"))
		*err = -EBADMSG;
	a->port = (uint16_t)number(&v, UINT16_MAX, err);
}

static struct ms_anchor_end *end_of(struct load *l, struct ms_span *rest, int *err)
{
	uint32_t k = number(rest, MS_ANCHOR_LINES_MAX - 1, err), side = number(rest, 1, err);

	for (size_t i = 0; !*err && i < MS_ANCHOR_MEDIA_MAX; i++)
		if (l->s->line[i] && l->s->line[i]->k == k)
			return &l->s->line[i]->end[side];
	*err = -EBADMSG;
	return NULL;
}

static int load_head(struct load *l, struct ms_span rest)
{
	struct ms_anchor_session *s = l->s;
	int err = 0;

	if (number(&rest, UINT32_MAX, &err) != 1)
		return -EBADMSG;
	s->n_media = number(&rest, MS_ANCHOR_MEDIA_MAX, &err);
	s->c.ue_msrp = number(&rest, 1, &err);
	s->c.ue_bfcp = number(&rest, 1, &err);
	s->c.nat = number(&rest, 1, &err);
	s->others_up = number(&rest, 1, &err);
	return err;
}

static int load_context(struct load *l, struct ms_span rest)
{
	int err = 0;

	l->g = ms_mgc_gateway_find(l->s->anchor->mgc, ms_span_cut(&rest, ' '));
	l->context = number(&rest, MS_H248_CONTEXT_CHOOSE - 1, &err);
	return err ? err : l->g ? 0 : -ENOENT;
}

static int load_endpoint(struct load *l, struct ms_span rest)
{
	struct ms_mgc_endpoint e = { .slot = 0 };
	int err = 0;

	if (l->n == MS_MGC_SLOTS_MAX)
		return -EBADMSG;
	e.slot = number(&rest, MS_MGC_SLOTS_MAX - 1, &err);
	e.stream = (uint16_t)number(&rest, UINT16_MAX, &err);
	e.events = number(&rest, UINT32_MAX, &err);
	text(&rest, e.termination, sizeof(e.termination), &err);
	if (!err)
		l->endpoints[l->n++] = e;
	return err;
}

static int load_line(struct load *l, struct ms_span rest)
{
	struct ms_anchor_session *s = l->s;
	int err = 0;
	uint32_t i = number(&rest, MS_ANCHOR_MEDIA_MAX - 1, &err);
	uint32_t k = number(&rest, MS_ANCHOR_LINES_MAX - 1, &err);
	struct ms_anchor_line *line;

	for (size_t j = 0; j < MS_ANCHOR_MEDIA_MAX; j++)
		if (s->line[j] && s->line[j]->k == k)
			return -EBADMSG;
	if (err || i >= s->n_media || s->line[i])
		return -EBADMSG;
	line = ms_zalloc(sizeof(*line));
	if (!line)
		return -ENOMEM;
	s->line[i] = line;
	line->k = k;
	line->treatment = (enum ms_anchor_treatment)number(&rest, MS_ANCHOR_E2AE, &err);
	line->medium = (enum ms_anchor_medium)number(&rest, MS_ANCHOR_BFCP, &err);
	line->mode = (enum ms_anchor_mode)number(&rest, MS_ANCHOR_MODE_BFCP, &err);
	line->up = number(&rest, 1, &err);
	return err;
}

static int load_end(struct load *l, struct ms_span rest)
{
	int err = 0;
	struct ms_anchor_end *e = end_of(l, &rest, &err);

	if (!e)
		return err;
	e->there = number(&rest, 1, &err);
	e->active = number(&rest, 1, &err);
	e->client = number(&rest, 1, &err);
	address(&rest, &e->local, &err);
	text(&rest, e->path, sizeof(e->path), &err);
	return err;
}

static int load_party(struct load *l, struct ms_span rest)
{
	int err = 0;
	struct ms_anchor_end *e = end_of(l, &rest, &err);

	if (!e)
		return err;
	e->party.setup = (enum ms_sdp_setup)number(&rest, MS_SDP_ACTPASS, &err);
	e->party.inactive = number(&rest, 1, &err);
	address(&rest, &e->party.address, &err);
	/* a path may have several URIs */
	if (ms_span_is(rest, "-"))
		return err;
	return ms_span_to_str(rest, e->party.path, sizeof(e->party.path)) ? -EBADMSG : err;
}

static int load_fingerprint(struct load *l, struct ms_span rest, bool own)
{
	int err = 0;
	struct ms_anchor_end *e = end_of(l, &rest, &err);
	struct ms_bearer_fingerprints *list;

	if (!e)
		return err;
	list = own ? &e->own : &e->party.fingerprints;
	if (list->n == MS_BEARER_FINGERPRINTS_MAX ||
	    ms_bearer_fingerprint_get(rest, &list->list[list->n]))
		return -EBADMSG;
	list->n++;
	return 0;
}

static int load_own(struct load *l, struct ms_span rest)
{
	return load_fingerprint(l, rest, true);
}

static int load_their(struct load *l, struct ms_span rest)
{
	return load_fingerprint(l, rest, false);
}

static int load_fact(struct load *l, struct ms_span line)
{
	static const struct {
		const char *name;
		int (*load)(struct load *l, struct ms_span rest);
	} facts[] = {
		{ "anchor", load_head }, { "context", load_context }, { "endpoint", load_endpoint },
		{ "line", load_line },   { "end", load_end },         { "party", load_party },
		{ "own", load_own },     { "their", load_their },
	};
	struct ms_span name = ms_span_cut(&line, ' ');

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (ms_span_is(name, facts[i].name))
			return facts[i].load(l, line);
	return -EBADMSG;
}

int ms_anchor_load(struct ms_anchor *a, struct ms_span saved, void *user,
		   struct ms_anchor_session **ret_s)
{
	struct ms_anchor_context c = { .user = user };
	struct ms_mgc_context_handlers h;
	struct load l = { .s = NULL };
	int err = ms_anchor_session_new(a, &c, &l.s);

	if (err)
		return err;
	if (!saved.len || saved.len > SAVED_MAX)
		err = -EBADMSG;
	while (!err && saved.len)
		err = load_fact(&l, ms_span_cut(&saved, '\n'));
	if (!err && l.g) {
		h = ms_anchor_context_handlers(l.s);
		err = ms_mgc_context_adopt(a->mgc, l.g, l.context, l.endpoints, l.n, &h,
					   &l.s->context);
	}
	if (err) {
		ms_anchor_release(l.s, 0);
		return err;
	}
	*ret_s = l.s;
	return 0;
}
