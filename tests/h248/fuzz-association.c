/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any messages at any time from a few peers, in any coding: the entity keeps to its limits, and what it
 * keeps is forgotten in the end.
 *
 * input: {kind(1) length(1) octets}...; kind: two bits of coding, two of peer, the rest time that passes
 */
#include <stdint.h>
#include <stdlib.h>

#include "h248/association.h"
#include "h248/binary.h"
#include "h248/package.h"
#include "h248/text.h"
#include "plain-codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_h248_job *held;
static unsigned requests;

static void reply(struct ms_h248_job *job, ms_usec now)
{
	struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
	struct ms_h248_command c = { .verb = MS_H248_AUDIT_VALUE, .terminations = &root };
	struct ms_h248_action a = { .commands = &c };
	struct ms_h248_transaction t = { .actions = &a };
	int err = ms_h248_job_reply(job, &t, now);

	(void)err;
}

/* Every third one takes long. */
static void on_request(struct ms_h248_job *job, const struct ms_h248_message *m,
		       const struct ms_h248_transaction *t, void *arg)
{
	const ms_usec *now = arg;

	(void)m, (void)t;
	if (++requests % 3 == 0 && !held)
		held = job;
	else
		reply(job, *now);
}

static void on_answered(struct ms_h248_association *a, void *request, int err,
			const struct ms_h248_message *m, const struct ms_h248_transaction *t,
			void *arg)
{
	(void)a, (void)err, (void)m, (void)arg;
	if (t && t->kind != MS_H248_REPLY)
		abort();
	++*(unsigned *)request;
}

static bool on_admit(struct ms_h248_association *a, const struct ms_h248_message *m, void *arg)
{
	(void)a, (void)m, (void)arg;
	return true;
}

static void on_send(const struct ms_h248_path *to, struct ms_span message, void *arg)
{
	(void)to, (void)arg;
	if (message.len == 0)
		abort();
}

static int fill(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 5, n); /* the ids we use are those that seeds answer to */
	return 0;
}

static void check(const struct ms_h248_counts *c, const struct ms_h248_limits *l)
{
	if (c->associations > l->associations || c->replies > l->replies * l->associations ||
	    c->reply_octets > l->total_octets || c->jobs > l->jobs * l->associations)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ms_h248_handlers handlers = { .admit = on_admit,
							  .request = on_request,
							  .answered = on_answered };
	static const struct ms_random random = { fill, NULL };
	static struct ms_h248_registry registry;
	const struct ms_h248_codec *const codecs[] = { &plain_codec, &ms_h248_codec_compact,
						       &ms_h248_codec_binary,
						       &ms_h248_codec_pretty };
	ms_usec now = 1000 * MS_SEC;
	struct ms_h248_entity_options o = { .mid = { .kind = MS_H248_MID_DOMAIN,
						     .name = MS_SPAN_LIT("a") },
					    .registry = &registry,
					    .limits = ms_h248_limits_default,
					    .wire = { .send = on_send },
					    .handlers = &handlers,
					    .arg = &now,
					    .random = &random };
	struct ms_h248_path path = { .family = 4, .host = { 127, 0, 0, 1 }, .codec = &plain_codec };
	struct ms_h248_association *a;
	struct ms_h248_entity *e;
	unsigned answered[4] = { 0 };
	uint32_t id;

	if (registry.by_name[0] == 0 && registry.items[1].name.p == NULL)
		ms_h248_registry_init(&registry);
	o.limits.associations = 4;
	o.limits.replies = 20;
	o.limits.jobs = 3;
	o.limits.total_octets = 4096;
	o.limits.intervals = 4;
	o.limits.segment_octets = 4096;
	held = NULL;
	if (ms_h248_entity_new(&o, &e) != 0)
		return 0;
	if (ms_h248_associate(e, &path, NULL, &a) == 0)
		for (unsigned i = 0; i < 4; i++) {
			struct ms_h248_termination root = { .kind = MS_H248_TERMINATION_ROOT };
			struct ms_h248_command c = { .verb = MS_H248_AUDIT_VALUE,
						     .terminations = &root };
			struct ms_h248_action action = { .commands = &c };

			if (ms_h248_request(a, &action, &answered[i], now, &id) != 0)
				abort();
		}
	for (size_t at = 0; at + 2 <= size;) {
		size_t len = data[at + 1];
		unsigned kind = data[at];

		at += 2;
		if (len > size - at)
			len = size - at;
		path.codec = codecs[kind & 3];
		path.host[3] = (uint8_t)(kind >> 2 & 3);
		now += (ms_usec)(kind >> 4) * 700 * MS_MSEC;
		ms_h248_entity_receive(e, &path, ms_span_of(data + at, len), now);
		ms_h248_entity_tick(e, now);
		ms_h248_entity_flush(e, now);
		check(ms_h248_entity_counts(e), &o.limits);
		if (held && kind & 0x80) {
			reply(held, now);
			held = NULL;
		}
		at += len;
	}
	if (held)
		reply(held, now);
	now += 200 * MS_SEC;
	for (int i = 0; i < 40; i++, now += 10 * MS_SEC)
		ms_h248_entity_tick(e, now);
	if (ms_h248_entity_counts(e)->replies || ms_h248_entity_counts(e)->waiting)
		abort();
	ms_h248_entity_free(e);
	for (unsigned i = 0; i < 4; i++)
		if (answered[i] > 1)
			abort();
	return 0;
}
