/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The media worker's process: takes operations from the control role, tells it what happens, makes and
 * rotates its own certificates, whose keys never leave it, and gives up what it does not need.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "core/alloc.h"
#include "crypto/heap.h"
#include "daemon/daemon.h"
#include "loop/loop.h"
#include "mgw/media/counters.h"
#include "mgw/media/media.h"
#include "mgw/media/worker.h"
#include "mgw/protocol.h"
#include "mgw/role.h"
#include "priv/role.h"
#include "priv/sandbox.h"

/* Operations of one message: a transaction has some hundreds at most, one that clears all more. */
#define OPS_MAX 1000000

/* A fingerprint that was given to a controller may come back in a SET as long as this after. */
#define OLD_CERTIFICATE (10 * 60 * MS_SEC)
#define OLD_MAX 64
#define LOOK (60 * MS_SEC)

/* Of libcrypto's freed memory: what some sixty handshakes under way leave behind. */
#define HEAP_KEPT ((size_t)4 << 20)

/* Unsent messages to control; beyond it control does not live. */
#define LINK_MAX ((size_t)64 << 20)

struct old_certificate {
	uint32_t number;
	ms_usec since;
};

static struct worker {
	struct ms_config *owner;
	const struct ms_mgw_config *config; /* in `owner` */
	struct ms_media *media;
	struct ms_chan *parent, *link;
	struct ms_plane_op *ops; /* owned, room for room_ops */
	uint32_t room_ops;
	uint32_t newest;
	struct old_certificate old[OLD_MAX];
	unsigned n_old;
	struct ms_timer rotate, look;
	int keylog_fd;
	bool keylog;
} worker = { .keylog_fd = -1 };

static void give_up(const char *what, int err)
{
	MS_LOG(&ms_log_main, MS_LOG_ERROR, "media: %s: %s", what, strerror(-err));
	ms_loop_stop();
}

static void sent(int err)
{
	if (err)
		give_up("channel to control", err);
}

/* ---- what happens ---- */

static void on_event(ms_plane_endpoint endpoint, const struct ms_bearer_event *event, void *arg)
{
	struct worker *w = arg;

	if (!w->link)
		return;
	ms_mgw_put_event(ms_chan_begin(w->link, MS_MGW_MSG_EVENT, 0), endpoint, event);
	sent(ms_chan_end(w->link));
}

static void on_keylog(void *arg, const char *line)
{
	const struct worker *w = arg;
	struct ms_buf text;

	if (!w->keylog)
		return;
	ms_buf_init_secret(&text, 1024);
	ms_buf_put_str(&text, line);
	ms_buf_put_u8(&text, '\n');
	/* A line that is lost is a packet that cannot be read in the laboratory. */
	if (ms_buf_status(&text) == 0)
		(void)!write(w->keylog_fd, text.p, text.len);
	ms_buf_done(&text);
}

/* ---- operations ---- */

static bool may_fail(const struct ms_plane_op *op)
{
	return op->verb == MS_PLANE_SET || op->verb == MS_PLANE_PAIR;
}

static void apply(struct worker *w, struct ms_msg *m, uint32_t n)
{
	bool failed = false;

	for (uint32_t i = 0; i < n; i++) {
		struct ms_plane_op *op = &w->ops[i];

		ms_mgw_take_op(m, op);
		if (failed) {
			op->error = 500;
			continue;
		}
		ms_media_apply(w->media, op);
		failed = may_fail(op) && op->error;
	}
	ms_msg_end(m);
}

static bool make_room(struct worker *w, uint32_t n)
{
	struct ms_plane_op *more;

	if (n <= w->room_ops)
		return true;
	more = n > OPS_MAX ? NULL : ms_realloc(w->ops, n * sizeof(*more));
	if (!more)
		return false;
	w->ops = more;
	w->room_ops = n;
	return true;
}

static void on_ops(struct worker *w, struct ms_msg *m)
{
	uint32_t n = ms_mgw_take_n_ops(m);

	/* Nobody would undo half of it: the contexts are lost, which control is ready for. */
	if (!make_room(w, n)) {
		give_up("operations", -ENOMEM);
		return;
	}
	apply(w, m, n);
	ms_mgw_put_done(ms_chan_begin(w->link, MS_MGW_MSG_DONE, m->id), w->ops, n);
	sent(ms_chan_end(w->link));
}

static void on_meter(struct worker *w)
{
	ms_media_counters_fill(ms_media_stats(w->media));
	ms_counters_put(&ms_media_counter_set, ms_chan_begin(w->link, MS_MGW_MSG_METERED, 0));
	sent(ms_chan_end(w->link));
}

static void from_control(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	struct worker *w = arg;

	(void)c;
	if (m->type == MS_MGW_MSG_OPS)
		on_ops(w, m);
	else if (m->type == MS_MGW_MSG_METER)
		on_meter(w);
	else if (m->type == MS_MGW_MSG_KEYLOG)
		w->keylog = ms_msg_u8(m) && w->keylog_fd >= 0;
}

/* Without control nobody could end what we have: the parent starts both again. */
static void control_gone(struct ms_chan *c, int err, void *arg)
{
	struct worker *w = arg;

	/* The parent knows why, and ends us too if it had not meant to. */
	(void)c;
	(void)err;
	w->link = ms_chan_free(w->link);
	ms_loop_stop();
}

static void from_parent(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	(void)arg;
	if (m->type == MS_MGW_MSG_STOP)
		ms_loop_stop();
	else if (m->type == MS_MGW_MSG_LEVEL)
		ms_mgw_role_level(m);
}

static void parent_gone(struct ms_chan *c, int err, void *arg)
{
	struct worker *w = arg;

	(void)c;
	(void)err;
	w->parent = ms_chan_free(w->parent);
	ms_loop_stop();
}

static const struct ms_chan_handlers control_handlers = { .message = from_control,
							  .closed = control_gone };
static const struct ms_chan_handlers parent_handlers = { .message = from_parent,
							 .closed = parent_gone };

/* ---- certificates ---- */

static void fingerprints_of(const struct worker *w, const struct ms_tls_certificate *cert,
			    struct ms_bearer_fingerprints *ret_list)
{
	static const struct {
		enum ms_bearer_hash name;
		enum ms_tls_hash hash;
	} offered[] = { { MS_BEARER_SHA256, MS_TLS_SHA256 },
			{ MS_BEARER_SHA384, MS_TLS_SHA384 },
			{ MS_BEARER_SHA512, MS_TLS_SHA512 },
			{ MS_BEARER_SHA1, MS_TLS_SHA1 } };
	size_t n = MS_ARRAY_SIZE(offered) - !w->config->profile.fingerprint_sha1;

	*ret_list = (struct ms_bearer_fingerprints){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct ms_bearer_fingerprint *f = &ret_list->list[ret_list->n++];

		f->hash = offered[i].name;
		f->len = (uint8_t)ms_tls_hash_length(offered[i].hash);
		memcpy(f->digest, ms_tls_certificate_fingerprint(cert, offered[i].hash)->digest,
		       f->len);
	}
}

static int tell_certificate(struct worker *w, const struct ms_tls_certificate *cert)
{
	struct ms_bearer_fingerprints list;
	struct ms_buf *b = ms_chan_begin(w->link, MS_MGW_MSG_CERTIFICATE, 0);

	fingerprints_of(w, cert, &list);
	ms_buf_put_u32(b, w->newest);
	ms_buf_put(b, &list, sizeof(list));
	return ms_chan_end(w->link);
}

static void retire(struct worker *w)
{
	if (w->newest == 0 || w->n_old == OLD_MAX)
		return;
	w->old[w->n_old++] = (struct old_certificate){ w->newest, ms_loop_now() };
	if (!ms_timer_running(&w->look))
		ms_timer_start(&w->look, LOOK);
}

static int make_certificate(struct worker *w)
{
	struct ms_tls_certificate *cert;
	int err = ms_tls_certificate_make(ms_span_str(w->config->h248.mid), ms_clock_wall(),
					  w->config->profile.certificate_days, &cert);

	if (err)
		return err;
	err = ms_media_certificate(w->media, w->newest + 1, cert);
	if (err == 0) {
		retire(w);
		w->newest++;
		err = tell_certificate(w, cert);
	}
	ms_tls_certificate_unref(cert);
	return err;
}

/* A new certificate when half of the old one's time is over. */
static ms_usec rotate_time(const struct worker *w)
{
	ms_usec t = w->config->media.certificate_rotate;

	return t ? t : (ms_usec)w->config->profile.certificate_days * 12 * 3600 * MS_SEC;
}

static void rotate_due(void *arg)
{
	struct worker *w = arg;
	int err = w->n_old < OLD_MAX ? make_certificate(w) : -ENOSPC;

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "media: new certificate: %s", strerror(-err));
	ms_timer_start(&w->rotate, rotate_time(w));
}

static bool is_out_of_use(const struct worker *w, const struct old_certificate *o)
{
	return ms_loop_now() - o->since > OLD_CERTIFICATE &&
	       ms_media_certificate_users(w->media, o->number) == 0;
}

static void forget(struct worker *w, uint32_t number)
{
	ms_media_certificate_forget(w->media, number);
	ms_buf_put_u32(ms_chan_begin(w->link, MS_MGW_MSG_FORGET, 0), number);
	sent(ms_chan_end(w->link));
}

static void look_due(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < w->n_old;) {
		if (!is_out_of_use(w, &w->old[i])) {
			i++;
			continue;
		}
		forget(w, w->old[i].number);
		w->old[i] = w->old[--w->n_old];
	}
	if (w->n_old > 0)
		ms_timer_start(&w->look, LOOK);
}

/* ---- start ---- */

static const char *text(const char *s)
{
	return s[0] ? s : NULL;
}

static int open_media(struct worker *w)
{
	const struct ms_mgw_config *m = w->config;
	static const enum ms_tls_versions versions[] = {
		[MS_MGW_TLS_ANY] = MS_TLS_12_OR_13,
		[MS_MGW_TLS_12] = MS_TLS_ONLY_12,
		[MS_MGW_TLS_13] = MS_TLS_ONLY_13,
	};
	struct ms_media_config c = {
		.read_size = m->media.read_size,
		.waiting_max = m->media.waiting_max,
		.memory_max = m->media.memory_max,
		.endpoints = (uint32_t)m->media.endpoints,
		.half_open = (uint32_t)m->media.half_open,
		.handshakes_per_s = (uint32_t)m->media.handshakes,
		.handshakes_burst = (uint32_t)m->media.handshakes_burst,
		.round_budget = m->media.round_budget,
		.finish_limit = m->media.finish_limit,
		.tcp_ms = (uint32_t)(m->media.tcp_limit / MS_MSEC),
		.tls_ms = (uint32_t)(m->media.tls_limit / MS_MSEC),
		.anonymous_clients = m->media.anonymous_clients,
		.allow_sha1 = m->profile.fingerprint_sha1,
		.versions = versions[m->media.versions % MS_ARRAY_SIZE(versions)],
		.cert_suites = text(m->profile.cert_suites),
		.psk_suites = text(m->profile.psk_suites),
		.keylog = w->keylog_fd >= 0 ? on_keylog : NULL,
		.keylog_arg = w,
	};
	const struct ms_media_handlers h = { .event = on_event, .arg = w };
	struct ms_fault f = { 0 };
	int err = ms_media_new(&c, &h, &w->media, &f);

	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "media: %s",
		       f.reason ? f.reason : strerror(-err));
	return err;
}

static void open_keylog(struct worker *w)
{
	const char *path = w->config->media.keylog;

	if (!path[0])
		return;
	w->keylog_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->keylog_fd < 0)
		MS_LOG(&ms_log_main, MS_LOG_WARNING, "media: key log %s: %s", path,
		       strerror(errno));
	w->keylog = w->keylog_fd >= 0;
}

static int drop(const struct worker *w)
{
	static const char *const extra[] = { "splice" };
	int err = ms_daemon_role_drop(&w->config->daemon, true);

	if (err)
		return err;
	return ms_sandbox_enter(MS_SANDBOX_NET_SERVER | MS_SANDBOX_NET_CLIENT, extra,
				MS_ARRAY_SIZE(extra));
}

static int start(struct worker *w)
{
	struct ms_mgw_hello hello;
	int err = ms_mgw_role_config(&hello, &w->owner);

	if (err)
		return err;
	w->config = ms_config_values(w->owner);
	err = ms_daemon_role_signals();
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD, 0, false, &parent_handlers, w, &w->parent);
	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD + MS_MGW_FD_LINK, LINK_MAX, true, &control_handlers, w,
				  &w->link);
	if (err)
		return err;
	open_keylog(w);
	err = open_media(w);
	if (err == 0)
		err = make_certificate(w);
	if (err)
		return err;
	ms_timer_init(&w->rotate, "media.rotate", rotate_due, w);
	ms_timer_init(&w->look, "media.look", look_due, w);
	ms_timer_start(&w->rotate, rotate_time(w));
	return drop(w);
}

static void stop(struct worker *w)
{
	ms_timer_stop(&w->rotate);
	ms_timer_stop(&w->look);
	w->media = ms_media_free(w->media);
	w->link = ms_chan_free(w->link);
	w->parent = ms_chan_free(w->parent);
	w->ops = ms_free(w->ops);
	w->owner = ms_config_free(w->owner);
}

int ms_mgw_media_main(void)
{
	/* Should libcrypto be awake already, handshakes take a tenth longer. */
	(void)!ms_crypto_heap_keep(HEAP_KEPT);
	int err = ms_daemon_role_init("mediasec-mgw/media");

	if (err == 0)
		err = start(&worker);
	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "media: %s", strerror(-err));
	} else {
		ms_daemon_role_ready(MS_ROLE_FD + MS_MGW_FD_STATUS);
		err = ms_loop_run();
	}
	stop(&worker);
	return err ? 1 : 0;
}
