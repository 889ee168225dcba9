/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front: the role that speaks HTTP (Ua). It checks what can be checked without keys, hands
 * MIKEY messages to the vault and its answers back. It has no key, no file and no store.
 *
 * A MIKEY refusal is an answer like any other (200 with an Error message); the statuses of HTTP are
 * for what HTTP sees: path, method, media type, size, rate, overload, a body that is no MIKEY.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "http/server.h"
#include "kms/counters.h"
#include "kms/msg.h"
#include "kms/role.h"
#include "loop/loop.h"
#include "mikey/message.h"
#include "priv/role.h"
#include "priv/sandbox.h"

#define MEDIA_TYPE "application/mikey"
#define SCRAPES_MAX 8
#define METRICS_MAX ((size_t)256 << 10)
#define NONE UINT32_MAX

/** A request that the vault has. Its number is its place and how often that was used. */
struct pending {
	struct ms_http_request *request; /* owned; NULL: free */
	uint32_t use;
	uint32_t next_free;
	bool base64;
};

struct front {
	struct ms_kms_config config;
	struct ms_config *config_owner; /* owned; the texts in `config` are in it */
	struct ms_chan *parent, *link;
	struct ms_http_server *server, *metrics;
	struct ms_http_route route[2];
	struct pending *pending; /* owned, n_pending of them */
	uint32_t n_pending, free, in_flight;
	struct ms_http_request *scrape[SCRAPES_MAX];
	size_t n_scrapes;
	struct ms_timer second;
	struct ms_buf scratch;
	bool stopping;
};

static struct ms_counter *counter(enum ms_kms_front_counter c)
{
	return &ms_kms_front_set.counters[c];
}

static void overload(struct ms_http_request *r)
{
	ms_count(counter(MS_KMS_F_OVERLOAD));
	ms_http_reply_fields(r, 503, "Retry-After: 1\r\n", "text/plain",
			     MS_SPAN_LIT("busy, try again\n"));
}

/* ---- requests ---- */

/* Which exchange the query asks for: two data types each (RFC 6043 section 6.1). */
static bool exchange_of(const struct front *f, const struct ms_http_request *r, uint8_t ret_type[2])
{
	char value[MS_PROFILE_TEXT_MAX];

	if (ms_http_query(r, f->config.profile.kms_query, value, sizeof(value)))
		return false;
	if (strcmp(value, f->config.profile.kms_request) == 0) {
		ret_type[0] = MS_MIKEY_REQUEST_INIT_PSK;
		ret_type[1] = MS_MIKEY_REQUEST_INIT_PK;
		return true;
	}
	ret_type[0] = MS_MIKEY_RESOLVE_INIT_PSK;
	ret_type[1] = MS_MIKEY_RESOLVE_INIT_PK;
	return strcmp(value, f->config.profile.kms_resolve) == 0;
}

/* A MIKEY message starts with its version, 1; base64 of one with "AQ". */
static int body_of(struct front *f, const struct ms_http_request *r, struct ms_span *ret_body,
		   bool *ret_base64)
{
	struct ms_span body = ms_http_body(r);
	int err;

	*ret_base64 = body.len > 0 && body.p[0] != MS_MIKEY_VERSION;
	*ret_body = body;
	if (!*ret_base64)
		return 0;
	ms_buf_reset(&f->scratch);
	err = ms_base64_decode(&f->scratch, body, true);
	*ret_body = ms_buf_span(&f->scratch);
	return err;
}

static void refuse(struct ms_http_request *r, enum ms_kms_front_counter why, int status,
		   const char *text)
{
	ms_count(counter(why));
	ms_http_reply(r, status, "text/plain", ms_span_str(text));
}

static void hand_over(struct front *f, struct ms_http_request *r, struct ms_span body, bool base64)
{
	struct pending *p;
	uint64_t id;

	if (f->free == NONE || f->in_flight >= f->config.http.in_flight || !f->link) {
		overload(r);
		return;
	}
	p = &f->pending[f->free];
	id = (uint64_t)p->use << 32 | f->free;
	ms_buf_put_span(ms_chan_begin(f->link, MS_KMS_MSG_HANDLE, id), body);
	if (ms_chan_end(f->link)) {
		overload(r);
		return;
	}
	f->free = p->next_free;
	f->in_flight++;
	p->request = r;
	p->base64 = base64;
	ms_count(counter(MS_KMS_F_REQUESTS));
}

static void on_request(struct ms_http_request *r, void *arg)
{
	struct front *f = arg;
	struct ms_span body;
	uint8_t type[2];
	bool base64;

	if (!exchange_of(f, r, type)) {
		refuse(r, MS_KMS_F_BAD_QUERY, 400, "unknown request type\n");
	} else if (!ms_http_is_type(r, MEDIA_TYPE)) {
		refuse(r, MS_KMS_F_MEDIA_TYPE, 415, "the body must be " MEDIA_TYPE "\n");
	} else if (body_of(f, r, &body, &base64) || body.len < 2 || body.p[0] != MS_MIKEY_VERSION) {
		refuse(r, MS_KMS_F_BAD_BODY, 400, "the body is no MIKEY message\n");
	} else if (body.p[1] != type[0] && body.p[1] != type[1]) {
		refuse(r, MS_KMS_F_BAD_QUERY, 400, "the message is none of that request type\n");
	} else {
		hand_over(f, r, body, base64);
	}
}

static struct ms_http_request *take_pending(struct front *f, uint64_t id, bool *ret_base64)
{
	uint32_t at = (uint32_t)id;
	struct pending *p;
	struct ms_http_request *r;

	if (at >= f->n_pending)
		return NULL;
	p = &f->pending[at];
	if (!p->request || p->use != (uint32_t)(id >> 32))
		return NULL;
	r = p->request;
	*ret_base64 = p->base64;
	p->request = NULL;
	p->use++;
	p->next_free = f->free;
	f->free = at;
	f->in_flight--;
	return r;
}

static void reply_mikey(struct front *f, struct ms_http_request *r, struct ms_span message,
			bool base64)
{
	if (base64) {
		ms_buf_reset(&f->scratch);
		ms_base64_encode(&f->scratch, message);
		if (ms_buf_status(&f->scratch)) {
			overload(r);
			return;
		}
		message = ms_buf_span(&f->scratch);
	}
	ms_http_reply(r, 200, MEDIA_TYPE, message);
}

static void on_answer(struct front *f, struct ms_msg *m)
{
	uint8_t answer = ms_msg_u8(m);
	struct ms_span message = ms_msg_rest(m);
	bool base64 = false;
	struct ms_http_request *r = take_pending(f, m->id, &base64);

	/* Answered too late: the client has had its 503. */
	if (!r)
		return;
	ms_kms_count_latency((uint64_t)(ms_loop_now() - ms_http_since(r)));
	if (answer == MS_KMS_ANSWER_OK)
		reply_mikey(f, r, message, base64);
	else if (answer == MS_KMS_ANSWER_BAD)
		refuse(r, MS_KMS_F_BAD_BODY, 400, "the body is no MIKEY-TICKET request\n");
	else if (answer == MS_KMS_ANSWER_BUSY)
		overload(r);
	else
		ms_http_refuse(r, 500);
}

static void drop_late(struct front *f)
{
	ms_usec now = ms_loop_now();

	for (uint32_t i = 0; i < f->n_pending && f->in_flight > 0; i++) {
		struct pending *p = &f->pending[i];
		bool base64;

		if (!p->request || now - ms_http_since(p->request) < f->config.http.answer_limit)
			continue;
		ms_count(counter(MS_KMS_F_LATE));
		overload(take_pending(f, (uint64_t)p->use << 32 | i, &base64));
	}
}

/* ---- metrics ---- */

static void front_gauges(struct front *f)
{
	const struct ms_http_stats *s;

	if (!f->server)
		return;
	s = ms_http_server_stats(f->server);
	counter(MS_KMS_F_ACCEPTED)->value = s->accepted;
	counter(MS_KMS_F_REFUSED_TOTAL)->value = s->refused_total;
	counter(MS_KMS_F_REFUSED_ADDRESS)->value = s->refused_address;
	counter(MS_KMS_F_MALFORMED)->value = s->malformed;
	counter(MS_KMS_F_NOT_FOUND)->value = s->not_found;
	counter(MS_KMS_F_METHOD)->value = s->method;
	counter(MS_KMS_F_RATE)->value = s->rate_limited;
	counter(MS_KMS_F_SLOW)->value = s->slow;
	counter(MS_KMS_F_GONE)->value = s->gone;
	ms_gauge(counter(MS_KMS_F_OPEN), s->open);
	ms_gauge(counter(MS_KMS_F_IN_FLIGHT), f->in_flight);
}

static void on_scrape(struct ms_http_request *r, void *arg)
{
	struct front *f = arg;

	if (f->n_scrapes == SCRAPES_MAX || !f->link ||
	    ms_chan_send(f->link, MS_KMS_MSG_METRICS, 0, MS_SPAN_NULL)) {
		ms_http_refuse(r, 503);
		return;
	}
	f->scrape[f->n_scrapes++] = r;
}

static void answer_scrapes(struct front *f, int status)
{
	struct ms_buf text;

	ms_buf_init(&text, METRICS_MAX);
	front_gauges(f);
	ms_counters_prometheus(&text);
	for (size_t i = 0; i < f->n_scrapes; i++) {
		if (status == 200 && ms_buf_status(&text) == 0)
			ms_http_reply(f->scrape[i], 200, "text/plain; version=0.0.4",
				      ms_buf_span(&text));
		else
			ms_http_refuse(f->scrape[i], 503);
	}
	f->n_scrapes = 0;
	ms_buf_done(&text);
}

static void on_metered(struct front *f, struct ms_msg *m)
{
	struct ms_reader in = ms_reader_of(ms_msg_rest(m));

	answer_scrapes(f, ms_counters_get(&ms_kms_vault_set, &in) == 0 ? 200 : 503);
}

static void each_second(void *arg)
{
	struct front *f = arg;

	ms_timer_start(&f->second, MS_SEC);
	drop_late(f);
	front_gauges(f);
	if (!f->link)
		return;
	ms_counters_put(&ms_kms_front_set, ms_chan_begin(f->link, MS_KMS_MSG_COUNTERS, 0));
	/* The next second brings newer ones. */
	(void)!ms_chan_end(f->link);
}

/* ---- channels ---- */

static void from_vault(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	if (m->type == MS_KMS_MSG_ANSWER)
		on_answer(arg, m);
	else if (m->type == MS_KMS_MSG_METERED)
		on_metered(arg, m);
}

/* The parent starts both of us again; until then nobody waits for an answer that cannot come. */
static void vault_gone(struct ms_chan *c, int err, void *arg)
{
	struct front *f = arg;
	bool base64;

	(void)c;
	(void)err;
	f->link = ms_chan_free(f->link);
	for (uint32_t i = 0; i < f->n_pending; i++)
		if (f->pending[i].request)
			overload(take_pending(f, (uint64_t)f->pending[i].use << 32 | i, &base64));
	answer_scrapes(f, 503);
}

static void limits_of(const struct ms_kms_config *c, struct ms_http_limits *l)
{
	*l = (struct ms_http_limits){
		.head_max = c->http.head_max,
		.body_max = c->http.body_max,
		.connections = (uint32_t)c->http.connections,
		.per_address = (uint32_t)c->http.per_address,
		.rate = (uint32_t)c->http.rate,
		.rate_burst = (uint32_t)c->http.rate_burst,
		.per_connection = (uint32_t)c->http.per_connection,
		.head_limit = c->http.head_limit,
		.body_limit = c->http.body_limit,
		.idle_limit = c->http.idle_limit,
		.send_limit = c->http.send_limit,
	};
}

static void reload(struct front *f, struct ms_span body)
{
	struct ms_http_limits l;
	struct ms_kms_config next;
	struct ms_config *owner;
	int err = ms_kms_role_reconfig(body, &next, &owner);

	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "reload: %s", strerror(-err));
		return;
	}
	f->config = next;
	/* The route's path is in the old octets; it is the same, as it cannot be changed. */
	f->route[0].path = f->config.profile.kms_path;
	ms_config_free(f->config_owner);
	f->config_owner = owner;
	ms_log_set_level(NULL, (enum ms_log_level)f->config.daemon.log_level);
	limits_of(&f->config, &l);
	ms_http_server_set_limits(f->server, &l);
}

static void stopped(void *arg)
{
	struct front *f = arg;

	f->server = ms_http_server_free(f->server);
	ms_loop_stop();
}

static void from_parent(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	struct front *f = arg;

	(void)c;
	if (m->type == MS_KMS_MSG_CONFIG) {
		reload(f, ms_msg_rest(m));
	} else if (m->type == MS_KMS_MSG_STOP && !f->stopping) {
		f->stopping = true;
		ms_http_server_stop(f->server, f->config.daemon.stop_limit, stopped, f);
	}
}

static void parent_gone(struct ms_chan *c, int err, void *arg)
{
	struct front *f = arg;

	(void)c;
	(void)err;
	f->parent = ms_chan_free(f->parent);
	ms_loop_stop();
}

static const struct ms_chan_handlers vault_handlers = { .message = from_vault,
							.closed = vault_gone };
static const struct ms_chan_handlers parent_handlers = { .message = from_parent,
							 .closed = parent_gone };

/* ---- start ---- */

static int make_pending(struct front *f)
{
	/* The limit can be changed by a reload, up to what the table allows. */
	f->n_pending = 65536;
	f->pending = ms_calloc(f->n_pending, sizeof(*f->pending));
	if (!f->pending)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n_pending; i++)
		f->pending[i].next_free = i + 1 < f->n_pending ? i + 1 : NONE;
	f->free = 0;
	return 0;
}

static int serve(struct front *f, const struct ms_kms_hello *hello)
{
	struct ms_http_server_options o = { .routes = f->route, .n_routes = 1 };
	int fd = MS_ROLE_FD + MS_KMS_FD_LISTEN, err;

	limits_of(&f->config, &o.limits);
	f->route[0] =
		(struct ms_http_route){ f->config.profile.kms_path, MS_HTTP_POST, on_request, f };
	err = ms_http_server_new(&o, &f->server);
	for (uint32_t i = 0; err == 0 && i < hello->n_listen; i++)
		err = ms_http_server_listen_fd(f->server, fd++);
	if (err || !hello->has_metrics)
		return err;
	f->route[1] = (struct ms_http_route){ "/metrics", MS_HTTP_GET, on_scrape, f };
	o = (struct ms_http_server_options){ .routes = &f->route[1], .n_routes = 1 };
	o.limits.connections = 16;
	err = ms_http_server_new(&o, &f->metrics);
	return err ? err : ms_http_server_listen_fd(f->metrics, fd);
}

static int start(struct front *f)
{
	struct ms_kms_hello hello;
	int err = ms_kms_role_config(MS_ROLE_FD + MS_KMS_FD_CONFIG, &hello, &f->config,
				     &f->config_owner);

	if (err)
		return err;
	ms_log_set_level(NULL, (enum ms_log_level)f->config.daemon.log_level);
	ms_buf_init(&f->scratch, 256 << 10);
	err = make_pending(f);
	if (err == 0)
		err = ms_daemon_role_signals();
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD, 0, false, &parent_handlers, f, &f->parent);
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD + MS_KMS_FD_LINK, 64 << 20, false, &vault_handlers, f,
				  &f->link);
	if (err == 0)
		err = serve(f, &hello);
	if (err == 0)
		err = ms_daemon_role_drop(&f->config.daemon, true);
	if (err)
		return err;
	ms_timer_init(&f->second, "front.second", each_second, f);
	ms_timer_start(&f->second, MS_SEC);
	return ms_sandbox_enter(MS_SANDBOX_NET_SERVER, NULL, 0);
}

static void stop(struct front *f)
{
	ms_timer_stop(&f->second);
	answer_scrapes(f, 503);
	f->server = ms_http_server_free(f->server);
	f->metrics = ms_http_server_free(f->metrics);
	f->link = ms_chan_free(f->link);
	f->parent = ms_chan_free(f->parent);
	f->pending = ms_free(f->pending);
	ms_buf_done(&f->scratch);
	f->config_owner = ms_config_free(f->config_owner);
}

int ms_kms_front_main(void)
{
	static struct front front;
	int err = ms_daemon_role_init("mediasec-kms/front");

	ms_kms_counters_init();
	if (err == 0)
		err = start(&front);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "front: %s", strerror(-err));
	} else {
		ms_daemon_role_ready(MS_ROLE_FD + MS_KMS_FD_STATUS);
		err = ms_loop_run();
	}
	stop(&front);
	return err ? 1 : 0;
}
