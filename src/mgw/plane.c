/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on their way to workers and back. One list may concern several workers: each gets its part,
 * and the list is done when all parts are.
 */
#include "mgw/plane.h"

#include <errno.h>
#include <unistd.h>

#include "core/alloc.h"
#include "loop/loop.h"
#include "mgw/media/counters.h"
#include "mgw/plane-priv.h"
#include "mgw/protocol.h"

/* H.248.8 */
enum { NO_RESOURCES = 510, BUSY = 511 };

/* Unsent operations for a worker that does not take them. */
#define LINK_MAX ((size_t)64 << 20)

struct batch {
	uint64_t token;
	unsigned parts; /* not done */
};

/* The operations of one batch for one worker: their places in the caller's array. */
struct part {
	struct ms_list link;
	uint64_t id;
	struct batch *batch;
	struct ms_plane_op *ops; /* copies, whose results are brought back to `where` */
	struct ms_plane_op **where;
	size_t n;
};

/* ---- parts ---- */

static struct part *part_free(struct part *p)
{
	if (p) {
		ms_free(p->ops);
		ms_free(p->where);
		ms_free(p);
	}
	return NULL;
}

static struct part *part_new(struct batch *b, struct ms_plane_op *ops, size_t n, uint16_t home)
{
	struct part *p = ms_zalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->batch = b;
	p->ops = ms_zalloc(n * sizeof(*p->ops));
	p->where = ms_zalloc(n * sizeof(*p->where));
	if (!p->ops || !p->where)
		return part_free(p);
	for (size_t i = 0; i < n; i++) {
		if (ops[i].home != home)
			continue;
		p->ops[p->n] = ops[i];
		p->where[p->n++] = &ops[i];
	}
	return p;
}

static void part_done(struct ms_mgw_plane *plane, struct part *p)
{
	struct batch *b = p->batch;

	for (size_t i = 0; i < p->n; i++) {
		p->where[i]->error = p->ops[i].error;
		p->where[i]->statistics = p->ops[i].statistics;
	}
	part_free(p);
	if (--b->parts > 0)
		return;
	uint64_t token = b->token;
	ms_free(b);
	plane->h.applied(plane->h.arg, token);
}

static void parts_fail(struct worker *w)
{
	while (!ms_list_empty(&w->parts)) {
		struct part *p = MS_CONTAINER_OF(w->parts.next, struct part, link);

		ms_list_remove(&p->link);
		for (size_t i = 0; i < p->n; i++)
			p->ops[i].error = NO_RESOURCES;
		part_done(w->plane, p);
	}
}

/* ---- submit ---- */

static int send_part(struct ms_mgw_plane *plane, struct worker *w, struct part *p)
{
	p->id = ++plane->next_part;
	ms_mgw_put_ops(ms_chan_begin(w->link, MS_MGW_MSG_OPS, p->id), p->ops, p->n);
	int err = ms_chan_end(w->link);
	if (err == 0)
		ms_list_append(&w->parts, &p->link);
	return err;
}

static bool concerns(const struct ms_plane_op *ops, size_t n, uint16_t home)
{
	for (size_t i = 0; i < n; i++)
		if (ops[i].home == home)
			return true;
	return false;
}

/* For a worker that is away: as if it had died with the operations. */
static void refuse(struct ms_plane_op *ops, size_t n, uint16_t home)
{
	for (size_t i = 0; i < n; i++)
		if (ops[i].home == home)
			ops[i].error = NO_RESOURCES;
}

static void done_later(void *arg);

struct later {
	struct ms_defer defer;
	struct ms_mgw_plane *plane;
	struct batch *batch;
};

/* Nothing is on its way: the completion still comes from the loop. */
static void complete_later(struct ms_mgw_plane *plane, struct batch *b)
{
	struct later *l = ms_zalloc(sizeof(*l));

	if (!l) {
		plane->h.applied(plane->h.arg, b->token);
		ms_free(b);
		return;
	}
	l->plane = plane;
	l->batch = b;
	ms_defer_init(&l->defer, done_later, l);
	ms_defer_call(&l->defer);
}

static void done_later(void *arg)
{
	struct later *l = arg;
	struct ms_mgw_plane *plane = l->plane;
	uint64_t token = l->batch->token;

	ms_free(l->batch);
	ms_free(l);
	plane->h.applied(plane->h.arg, token);
}

static void submit_to(struct ms_mgw_plane *plane, struct worker *w, struct batch *b,
		      struct ms_plane_op *ops, size_t n)
{
	struct part *part = w->link ? part_new(b, ops, n, w->index) : NULL;

	if (!part || send_part(plane, w, part)) {
		part_free(part);
		refuse(ops, n, w->index);
		return;
	}
	b->parts++;
}

static int submit(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n)
{
	struct ms_mgw_plane *plane = arg;
	struct batch *b = ms_zalloc(sizeof(*b));

	if (!b)
		return BUSY;
	b->token = token;
	plane->counts.operations += n;
	for (unsigned i = 0; i < plane->n_workers; i++)
		if (concerns(ops, n, (uint16_t)i))
			submit_to(plane, &plane->workers[i], b, ops, n);
	if (b->parts == 0)
		complete_later(plane, b);
	return 0;
}

/* The worker with the fewest contexts so far would not know which of them ended: in turn. */
static int place(void *arg, uint16_t *ret_home)
{
	struct ms_mgw_plane *p = arg;

	for (unsigned i = 0; i < p->n_workers; i++) {
		unsigned at = p->next++ % p->n_workers;
		struct worker *w = &p->workers[at];

		if (!w->link || w->n_certificates == 0)
			continue;
		w->placed++;
		*ret_home = (uint16_t)at;
		return 0;
	}
	p->counts.no_worker++;
	return NO_RESOURCES;
}

struct ms_plane ms_mgw_plane_interface(struct ms_mgw_plane *p)
{
	return (struct ms_plane){
		.place = place,
		.reserve = ms_mgw_plane_reserve,
		.release = ms_mgw_plane_release,
		.fingerprint = ms_mgw_plane_fingerprint,
		.submit = submit,
		.arg = p,
	};
}

/* ---- what comes from workers ---- */

/* A worker answers in order. */
static void on_done(struct worker *w, struct ms_msg *m)
{
	struct part *p =
		ms_list_empty(&w->parts) ? NULL : MS_CONTAINER_OF(w->parts.next, struct part, link);

	if (!p || p->id != m->id) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "media worker %u: answer out of order",
		       w->index);
		return;
	}
	ms_mgw_take_done(m, p->ops, p->n);
	ms_list_remove(&p->link);
	part_done(w->plane, p);
}

static void on_certificate(struct worker *w, struct ms_msg *m)
{
	struct ms_bearer_fingerprints list;
	uint32_t number = ms_msg_u32(m);
	struct ms_span rest = ms_msg_rest(m);

	if (rest.len != sizeof(list)) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "media worker %u: bad certificate", w->index);
		return;
	}
	memcpy(&list, rest.p, sizeof(list));
	ms_mgw_plane_certificate(w, number, &list);
}

static void on_metered(struct worker *w, struct ms_msg *m);

static void from_worker(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	struct worker *w = arg;
	struct ms_bearer_event event;

	(void)c;
	if (m->type == MS_MGW_MSG_DONE) {
		on_done(w, m);
	} else if (m->type == MS_MGW_MSG_EVENT) {
		ms_plane_endpoint e = ms_mgw_take_event(m, &event);
		w->plane->h.event(w->plane->h.arg, e, &event);
	} else if (m->type == MS_MGW_MSG_CERTIFICATE) {
		on_certificate(w, m);
	} else if (m->type == MS_MGW_MSG_FORGET) {
		ms_mgw_plane_forget(w, ms_msg_u32(m));
	} else if (m->type == MS_MGW_MSG_METERED) {
		on_metered(w, m);
	}
}

static void metering_over(struct ms_mgw_plane *p)
{
	for (unsigned i = 0; i < p->n_workers; i++)
		if (p->workers[i].metering)
			return;
	p->h.metered(p->h.arg);
}

static void worker_gone(struct ms_chan *c, int err, void *arg)
{
	struct worker *w = arg;
	struct ms_mgw_plane *p = w->plane;

	(void)c;
	(void)err;
	w->link = ms_chan_free(w->link);
	w->n_certificates = 0;
	w->lost++;
	p->counts.workers_lost++;
	parts_fail(w);
	p->h.home_lost(p->h.arg, w->index);
	if (w->metering) {
		w->metering = false;
		metering_over(p);
	}
}

static const struct ms_chan_handlers link_handlers = { .message = from_worker,
						       .closed = worker_gone };

int ms_mgw_plane_link(struct ms_mgw_plane *p, uint16_t home, int fd)
{
	struct worker *w = home < p->n_workers ? &p->workers[home] : NULL;

	if (!w) {
		close(fd);
		return -EINVAL;
	}
	if (w->link) /* the news of its end is still in the queue behind this */
		worker_gone(w->link, 0, w);
	return ms_chan_new(fd, LINK_MAX, true, &link_handlers, w, &w->link);
}

/* ---- counters ---- */

/* Sums: the set is emptied when metering begins, and each worker's values are added. */
static void on_metered(struct worker *w, struct ms_msg *m)
{
	struct ms_reader in = ms_reader_of(ms_msg_rest(m));
	uint64_t before[64];
	size_t n = ms_media_counter_set.n;

	if (!w->metering || n > MS_ARRAY_SIZE(before))
		return;
	for (size_t i = 0; i < n; i++)
		before[i] = ms_media_counter_set.counters[i].value;
	bool fits = ms_counters_get(&ms_media_counter_set, &in) == 0;
	for (size_t i = 0; i < n; i++)
		ms_media_counter_set.counters[i].value =
			before[i] + (fits ? ms_media_counter_set.counters[i].value : 0);
	w->metering = false;
	metering_over(w->plane);
}

void ms_mgw_plane_meter(struct ms_mgw_plane *p)
{
	bool any = false;

	for (size_t i = 0; i < ms_media_counter_set.n; i++)
		ms_media_counter_set.counters[i].value = 0;
	for (unsigned i = 0; i < p->n_workers; i++) {
		struct worker *w = &p->workers[i];

		w->metering = w->link && !ms_chan_send(w->link, MS_MGW_MSG_METER, 0, MS_SPAN_NULL);
		any = any || w->metering;
	}
	if (!any)
		p->h.metered(p->h.arg);
}

const struct ms_mgw_plane_counts *ms_mgw_plane_counts(const struct ms_mgw_plane *p)
{
	return &p->counts;
}

/* ---- looking at it ---- */

bool ms_mgw_plane_ready(const struct ms_mgw_plane *p)
{
	for (unsigned i = 0; i < p->n_workers; i++)
		if (!p->workers[i].link || p->workers[i].n_certificates == 0)
			return false;
	return true;
}

unsigned ms_mgw_plane_load(const struct ms_mgw_plane *p)
{
	unsigned load = 0;

	for (size_t i = 0; i < p->n_pools; i++) {
		const struct ms_mgw_ports *ports = p->pools[i].ports;
		unsigned percent = (unsigned)((uint64_t)ms_mgw_ports_taken(ports) * 100 /
					      ms_mgw_ports_all(ports));

		load = percent > load ? percent : load;
	}
	return load;
}

static json_t *workers_json(const struct ms_mgw_plane *p)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < p->n_workers; i++) {
		const struct worker *w = &p->workers[i];

		json_array_append_new(list, json_pack("{s:i,s:b,s:i,s:I,s:I}", "index", (int)i,
						      "up", w->link != NULL, "certificates",
						      (int)w->n_certificates, "contexts_placed",
						      (json_int_t)w->placed, "lost",
						      (json_int_t)w->lost));
	}
	return list;
}

static json_t *realms_json(const struct ms_mgw_plane *p)
{
	json_t *list = json_array();
	char text[MS_ADDR_TEXT_MAX];

	for (size_t i = 0; list && i < p->n_pools; i++) {
		const struct pool *pool = &p->pools[i];

		json_array_append_new(
			list, json_pack("{s:s,s:s,s:I,s:I}", "name", pool->realm->name, "address",
					ms_addr_print_host(&pool->realm->address, text), "ports",
					(json_int_t)ms_mgw_ports_all(pool->ports), "taken",
					(json_int_t)ms_mgw_ports_taken(pool->ports)));
	}
	return list;
}

json_t *ms_mgw_plane_status(const struct ms_mgw_plane *p)
{
	return json_pack("{s:o,s:o}", "workers", workers_json(p), "realms", realms_json(p));
}

/* ---- its life ---- */

int ms_mgw_plane_new(const struct ms_mgw_config *c, unsigned workers,
		     const struct ms_mgw_plane_handlers *h, struct ms_mgw_plane **ret_p)
{
	struct ms_mgw_plane *p = ms_zalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->h = *h;
	p->workers = ms_zalloc(workers * sizeof(*p->workers));
	if (!p->workers || ms_mgw_plane_pools(p, c)) {
		ms_mgw_plane_free(p);
		return -ENOMEM;
	}
	p->n_workers = workers;
	for (unsigned i = 0; i < workers; i++) {
		p->workers[i].plane = p;
		p->workers[i].index = (uint16_t)i;
		ms_list_init(&p->workers[i].parts);
	}
	*ret_p = p;
	return 0;
}

/* Parts that are on their way are forgotten: whoever waits for them is gone too. */
static void worker_done(struct worker *w)
{
	w->link = ms_chan_free(w->link);
	while (!ms_list_empty(&w->parts)) {
		struct part *part = MS_CONTAINER_OF(w->parts.next, struct part, link);

		ms_list_remove(&part->link);
		if (--part->batch->parts == 0)
			ms_free(part->batch);
		part_free(part);
	}
}

struct ms_mgw_plane *ms_mgw_plane_free(struct ms_mgw_plane *p)
{
	if (!p)
		return NULL;
	for (unsigned i = 0; i < p->n_workers; i++)
		worker_done(&p->workers[i]);
	ms_mgw_plane_pools_done(p);
	ms_free(p->workers);
	ms_free(p);
	return NULL;
}
