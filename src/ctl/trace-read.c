/* SPDX-License-Identifier: Apache-2.0 */
/* A file of HEP packets becomes lines between lanes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/alloc.h"
#include "ctl/trace.h"

#define LINES_MAX 100000
#define SAME_WITHIN (2 * MS_SEC) /* two exporters of one message see it within */

/* A packet that was taken, to know it again. */
struct seen {
	struct ms_hep_packet packet;
};

void ms_trace_done(struct ms_trace *t)
{
	ms_free(t->lines);
	t->lines = NULL;
	t->n = 0;
}

/* ---- participants ---- */

static int lane_of_name(struct ms_trace *t, const char *name)
{
	for (unsigned i = 0; i < t->n_lanes; i++)
		if (strcmp(t->lanes[i], name) == 0)
			return (int)i;
	if (t->n_lanes == MS_TRACE_LANES_MAX)
		return -ENOSPC;
	snprintf(t->lanes[t->n_lanes], MS_TRACE_NAME_MAX, "%s", name);
	return (int)t->n_lanes++;
}

/* ":5060" or ":5060-5070" behind a host; *ret_host: what stands before it. */
static int split_ports(struct ms_span text, struct ms_span *ret_host, struct ms_trace_name *n)
{
	size_t colon = text.len;
	uint64_t first, last;

	while (colon > 0 && text.p[colon - 1] != ':' && text.p[colon - 1] != ']')
		colon--;
	*ret_host = text;
	if (colon == 0 || text.p[colon - 1] != ':' || ms_span_find(text, ':') != colon - 1)
		if (colon == 0 || text.p[colon - 1] != ':' || colon < 2 || text.p[colon - 2] != ']')
			return 0; /* no port, or a bare IPv6 address */
	struct ms_span high = ms_span_from(text, colon), low = ms_span_cut(&high, '-');
	if (ms_span_u64(low, 65535, &first) < 0)
		return -EINVAL;
	last = first;
	if (high.p && ms_span_u64(high, 65535, &last) < 0)
		return -EINVAL;
	n->first = (uint16_t)first;
	n->last = (uint16_t)last;
	*ret_host = ms_span_sub(text, 0, colon - 1);
	return 0;
}

int ms_trace_name(struct ms_trace *t, const char *text)
{
	struct ms_span name = ms_span_str(text), host, address = ms_span_cut(&name, '=');
	struct ms_trace_name n = { 0 };

	if (t->n_names == MS_TRACE_NAMES_MAX)
		return -ENOSPC;
	bool by_address =
		split_ports(address, &host, &n) == 0 && ms_addr_parse(host, 0, &n.host) == 0;
	if (!by_address && ms_span_to_str(address, n.mid, sizeof(n.mid)) < 0)
		return -EINVAL;
	if (name.len == 0 || (!by_address && ms_span_find(address, '.') == address.len) ||
	    ms_span_to_str(name, n.name, sizeof(n.name)) < 0)
		return -EINVAL;
	int lane = lane_of_name(t, n.name);
	if (lane < 0)
		return lane;
	t->names[t->n_names++] = n;
	return 0;
}

/* The name with the fewest ports that fits. */
static const struct ms_trace_name *find_name(const struct ms_trace *t, const struct ms_addr *a)
{
	const struct ms_trace_name *best = NULL;
	unsigned port = ms_addr_port(a), best_span = 70000;

	for (unsigned i = 0; i < t->n_names; i++) {
		const struct ms_trace_name *n = &t->names[i];
		unsigned span = n->first ? (unsigned)n->last - n->first : 65536;
		bool fits = !n->first || (port >= n->first && port <= n->last);
		if (fits && span < best_span && !n->mid[0] && ms_addr_same_host(&n->host, a)) {
			best = n;
			best_span = span;
		}
	}
	return best;
}

/* What the address said of itself, or NULL. */
static const char *find_known(const struct ms_trace *t, const struct ms_addr *a)
{
	for (unsigned i = 0; i < t->n_known; i++) {
		if (!ms_addr_equal(&t->known[i].address, a))
			continue;
		for (unsigned j = 0; j < t->n_names; j++)
			if (strcmp(t->names[j].mid, t->known[i].mid) == 0)
				return t->names[j].name;
		return t->known[i].mid;
	}
	return NULL;
}

static void learn(struct ms_trace *t, const struct ms_hep_packet *p)
{
	struct ms_trace_known k = { .address = p->source };

	if (p->protocol != MS_HEP_H248 || t->n_known == MS_TRACE_NAMES_MAX ||
	    find_known(t, &p->source))
		return;
	ms_trace_mid(p, k.mid);
	if (k.mid[0])
		t->known[t->n_known++] = k;
}

static int lane_of(struct ms_trace *t, const struct ms_addr *a)
{
	char text[MS_ADDR_TEXT_MAX];
	const struct ms_trace_name *n = find_name(t, a);
	const char *mid = n && n->first ? NULL : find_known(t, a);
	if (mid)
		return lane_of_name(t, mid);
	if (n)
		return lane_of_name(t, n->name);
	/* ports of connections change: who has no name is known by the host */
	return lane_of_name(t, t->ports ? ms_addr_print(a, text) : ms_addr_print_host(a, text));
}

/* ---- lines ---- */

static bool has_correlation(const struct ms_trace *t, const struct ms_hep_packet *p)
{
	return !t->correlation ||
	       ms_span_find_span(p->correlation, ms_span_str(t->correlation)) < p->correlation.len;
}

static bool same(const struct ms_hep_packet *a, const struct ms_hep_packet *b)
{
	ms_usec apart = a->time > b->time ? a->time - b->time : b->time - a->time;
	return a->agent != b->agent && apart < SAME_WITHIN && a->protocol == b->protocol &&
	       ms_addr_equal(&a->source, &b->source) &&
	       ms_addr_equal(&a->destination, &b->destination) &&
	       ms_span_eq(a->payload, b->payload);
}

static bool known(const struct seen *seen, size_t n, const struct ms_hep_packet *p)
{
	for (size_t i = n; i > 0 && n - i < 1000; i--)
		if (same(&seen[i - 1].packet, p))
			return true;
	return false;
}

static int add_line(struct ms_trace *t, const struct ms_hep_packet *p)
{
	struct ms_trace_line line = { .time = p->time, .order = t->n, .protocol = p->protocol };

	ms_trace_label(&line, p);
	if (line.heartbeat && !t->heartbeats)
		return 0;
	int from = lane_of(t, &p->source), to = from < 0 ? from : lane_of(t, &p->destination);
	if (to < 0)
		return to;
	line.from = (unsigned)from;
	line.to = (unsigned)to;
	t->lines[t->n++] = line;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct ms_trace_line *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The packet at the front of the file; -EBADMSG if there is none. */
static int next_packet(struct ms_span *file, struct ms_hep_packet *ret_p)
{
	if (file->len < 6)
		return -EBADMSG;
	size_t len = (size_t)file->p[4] << 8 | file->p[5];
	int err = len > file->len ? -EBADMSG : ms_hep_read(ms_span_sub(*file, 0, len), ret_p);
	*file = ms_span_from(*file, len);
	return err;
}

/* How many there are; who says its name is known from the first line on. */
static size_t look_over(struct ms_trace *t, struct ms_span file)
{
	struct ms_hep_packet p;
	size_t n = 0;
	for (; file.len && next_packet(&file, &p) == 0; n++)
		learn(t, &p);
	return n;
}

int ms_trace_read(struct ms_trace *t, struct ms_span file)
{
	size_t n = 0, room = look_over(t, file);
	struct seen *seen = NULL;
	int err = 0;

	if (room > LINES_MAX)
		return -ENOSPC;
	t->lines = ms_calloc(room + 1, sizeof(*t->lines));
	seen = ms_calloc(room + 1, sizeof(*seen));
	if (!t->lines || !seen)
		err = -ENOMEM;
	while (err == 0 && file.len) {
		struct ms_hep_packet p;
		err = next_packet(&file, &p);
		if (err < 0 || !has_correlation(t, &p) || known(seen, n, &p))
			continue;
		seen[n++].packet = p;
		err = add_line(t, &p);
	}
	ms_free(seen);
	if (err == 0)
		qsort(t->lines, t->n, sizeof(*t->lines), by_time);
	return err;
}
