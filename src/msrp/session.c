/* SPDX-License-Identifier: Apache-2.0 */
/* A session: its parameters, and whether it may send. */
#include <errno.h>

#include "core/alloc.h"
#include "msrp/session-priv.h"
#include "msrp/types.h"

#define HISTORY_DEFAULT 64

const struct ms_msrp_limits ms_msrp_limits_default = {
	.incoming = 16,
	.outgoing = 256,
	.ranges = 64,
	.collect = 1 << 20,
	.chunk = 0,
	.share = 16384,
	.transaction = 30 * MS_SEC,
	.incoming_idle = 300 * MS_SEC,
	.report = 120 * MS_SEC,
};

void ms_msrp_session_params_init(struct ms_msrp_session_params *p)
{
	*p = (struct ms_msrp_session_params){
		.max_size = MS_MSRP_UNKNOWN,
		.peer_max_size = MS_MSRP_UNKNOWN,
		.limits = ms_msrp_limits_default,
	};
}

/* Every span of the parameters, to be checked and copied in one place. */
#define N_TEXTS 6

static void texts_of(struct ms_msrp_session_params *p, struct ms_span *text[static N_TEXTS])
{
	text[0] = &p->local_uri;
	text[1] = &p->remote_path;
	text[2] = &p->accept_types;
	text[3] = &p->accept_wrapped_types;
	text[4] = &p->peer_accept_types;
	text[5] = &p->peer_accept_wrapped_types;
}

static int copy_texts(struct ms_msrp_session *s)
{
	struct ms_span *text[N_TEXTS];
	size_t n = 0;

	texts_of(&s->params, text);
	for (int i = 0; i < N_TEXTS; i++)
		n += text[i]->len;
	s->text = ms_zalloc(n);
	if (!s->text)
		return -ENOMEM;
	n = 0;
	for (int i = 0; i < N_TEXTS; i++) {
		if (text[i]->len > 0)
			memcpy(s->text + n, text[i]->p, text[i]->len);
		*text[i] = ms_span_of(s->text + n, text[i]->len);
		n += text[i]->len;
	}
	return 0;
}

static bool list_valid(struct ms_span list)
{
	return list.len == 0 || ms_msrp_types_valid(list);
}

static int check_params(const struct ms_msrp_session_params *p)
{
	struct ms_msrp_path path;
	struct ms_msrp_uri uri;

	if (ms_msrp_uri_parse(p->local_uri, &uri) < 0 || uri.session_id.len == 0 ||
	    ms_msrp_path_parse(p->remote_path, &path) < 0)
		return -EINVAL;
	if (!list_valid(p->accept_types) || !list_valid(p->accept_wrapped_types) ||
	    !list_valid(p->peer_accept_types) || !list_valid(p->peer_accept_wrapped_types))
		return -EINVAL;
	if (p->limits.incoming == 0 || p->limits.outgoing == 0 || p->limits.ranges == 0 ||
	    p->limits.share < MSRP_CHUNK_SMALL)
		return -EINVAL;
	return 0;
}

static int set_up(struct ms_msrp_session *s)
{
	int err = copy_texts(s);

	if (err < 0)
		return err;
	if (s->params.accept_types.len == 0)
		s->params.accept_types = MS_SPAN_LIT("*");
	if (s->params.peer_accept_types.len == 0)
		s->params.peer_accept_types = MS_SPAN_LIT("*");
	err = ms_msrp_uri_parse(s->params.local_uri, &s->uri);
	if (err < 0)
		return err;
	s->history = s->params.history;
	if (!s->history) {
		err = ms_msrp_history_new(HISTORY_DEFAULT, &s->own_history);
		s->history = s->own_history;
	}
	return err;
}

int ms_msrp_session_new(const struct ms_msrp_session_params *params, const struct ms_random *random,
			struct ms_msrp_session **ret_s)
{
	struct ms_msrp_session *s;
	int err = check_params(params);

	if (err < 0)
		return err;
	s = ms_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->params = *params;
	s->random = random;
	ms_list_init(&s->link);
	ms_list_init(&s->outs);
	ms_list_init(&s->ins);
	ms_list_init(&s->reporting);
	err = set_up(s);
	if (err < 0) {
		ms_msrp_session_free(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

/* Ends every message; handlers may have queued more meanwhile, so until none is left. */
static void end_messages(struct ms_msrp_session *s, int code)
{
	while (!ms_list_empty(&s->outs))
		ms_msrp_out_finish(MS_CONTAINER_OF(s->outs.next, struct ms_msrp_out, link),
				   MS_MSRP_UNCONFIRMED, code);
	while (!ms_list_empty(&s->ins))
		ms_msrp_in_finish(MS_CONTAINER_OF(s->ins.next, struct ms_msrp_in, link),
				  MS_MSRP_IN_LOST);
}

void ms_msrp_session_unlink(struct ms_msrp_session *s)
{
	struct ms_msrp_conn *c = s->conn;

	s->failed = true; /* no new messages from handlers */
	end_messages(s, 0);
	if (!c)
		return;
	for (unsigned i = 0; i < c->params.transactions; i++) {
		if (c->transactions[i].binding == s)
			c->transactions[i].binding = NULL;
	}
	if (c->request.session == s) {
		c->request.session = NULL;
		if (c->request.status == 0)
			c->request.status = MS_MSRP_NO_SESSION;
	}
	ms_list_remove(&s->link);
	s->conn = NULL;
}

void ms_msrp_session_detach(struct ms_msrp_session *s)
{
	ms_msrp_session_unlink(s);
}

struct ms_msrp_session *ms_msrp_session_free(struct ms_msrp_session *s)
{
	if (!s)
		return NULL;
	ms_msrp_session_unlink(s);
	for (unsigned i = 0; i < s->n_refused_types; i++)
		ms_free(s->refused_type[i]);
	ms_msrp_history_free(s->own_history);
	ms_free(s->text);
	return ms_free(s);
}

struct ms_msrp_conn *ms_msrp_session_conn(const struct ms_msrp_session *s)
{
	return s->conn;
}

bool ms_msrp_session_is_bound(const struct ms_msrp_session *s)
{
	return s->bound && !s->failed;
}

/* A passive session knows whom it talks to only after the peer's first request: section 5.4. */
bool ms_msrp_session_can_send(const struct ms_msrp_session *s)
{
	return s->conn && !s->failed && (s->params.active || s->bound);
}

void ms_msrp_session_bound(struct ms_msrp_session *s)
{
	struct ms_list *link;

	if (s->bound || s->failed)
		return;
	s->bound = true;
	ms_list_foreach (link, &s->outs)
		ms_msrp_out_ready(MS_CONTAINER_OF(link, struct ms_msrp_out, link));
	if (s->params.handlers.bound)
		s->params.handlers.bound(s->params.arg);
}

void ms_msrp_session_failed(struct ms_msrp_session *s, int code)
{
	if (s->failed)
		return;
	s->failed = true;
	s->bind_wanted = false;
	end_messages(s, code);
	if (s->params.handlers.failed)
		s->params.handlers.failed(s->params.arg, code);
}

/* RFC 4975 section 10.6: not again in this session. With a full table the oldest is forgotten. */
void ms_msrp_session_refuse_type(struct ms_msrp_session *s, struct ms_span type)
{
	char *copy;

	type = ms_msrp_type_essence(type);
	if (ms_msrp_session_type_refused(s, type))
		return;
	copy = ms_strdup_span(type);
	if (!copy)
		return;
	if (s->n_refused_types == MSRP_REFUSED_TYPES) {
		ms_free(s->refused_type[0]);
		s->n_refused_types--;
		memmove(s->refused_type, s->refused_type + 1,
			s->n_refused_types * sizeof(s->refused_type[0]));
	}
	s->refused_type[s->n_refused_types++] = copy;
}

bool ms_msrp_session_type_refused(const struct ms_msrp_session *s, struct ms_span type)
{
	type = ms_msrp_type_essence(type);
	for (unsigned i = 0; i < s->n_refused_types; i++) {
		if (ms_span_is_nocase(type, s->refused_type[i]))
			return true;
	}
	return false;
}

void ms_msrp_session_keepalive(struct ms_msrp_session *s)
{
	if (ms_msrp_session_can_send(s))
		s->bind_wanted = true;
}

ms_usec ms_msrp_session_deadline(const struct ms_msrp_session *s)
{
	ms_usec next = MS_NEVER;
	struct ms_list *link;

	if (!ms_list_empty(&s->reporting))
		next = MS_CONTAINER_OF(s->reporting.next, struct ms_msrp_out, reporting)->deadline;
	ms_list_foreach (link, &s->ins) {
		struct ms_msrp_in *in = MS_CONTAINER_OF(link, struct ms_msrp_in, link);

		if (in->deadline < next)
			next = in->deadline;
	}
	return next;
}

/* The message that was idle for too long, or NULL. */
static struct ms_msrp_in *find_idle(struct ms_msrp_session *s, ms_usec now)
{
	struct ms_list *link;

	ms_list_foreach (link, &s->ins) {
		struct ms_msrp_in *in = MS_CONTAINER_OF(link, struct ms_msrp_in, link);

		if (in->deadline <= now)
			return in;
	}
	return NULL;
}

void ms_msrp_session_tick(struct ms_msrp_session *s, ms_usec now)
{
	struct ms_msrp_in *in;

	while (!ms_list_empty(&s->reporting)) {
		struct ms_msrp_out *out =
			MS_CONTAINER_OF(s->reporting.next, struct ms_msrp_out, reporting);

		if (out->deadline > now)
			break;
		ms_msrp_out_finish(out, MS_MSRP_UNCONFIRMED, 0);
	}
	while ((in = find_idle(s, now))) {
		ms_msrp_history_add(s->history, msrp_in_id(in), MS_MSRP_STOP_SENDING);
		ms_msrp_in_finish(in, MS_MSRP_IN_IDLE);
	}
}
