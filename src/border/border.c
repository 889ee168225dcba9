/* SPDX-License-Identifier: Apache-2.0 */
/* The border as a whole: made, changed, ended. See border.h; call.c has what passes. */
#include "border/border.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/session-priv.h"
#include "core/alloc.h"
#include "core/random.h"
#include "core/secret.h"

#define KEY_MIN 16 /* octets */

struct ms_log_category ms_border_log = { .name = "session",
					 .help = "Calls and their media.",
					 .level = MS_LOG_INFO };

/* ---- making ---- */

/* The file's octets are the key: no user of ours may be able to forge a way. */
static int read_key(const char *path, struct ms_secret *ret_key)
{
	uint8_t octets[MS_SECRET_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = fstat(fd, &st) == 0 && !(st.st_mode & 077) ? read(fd, octets, sizeof(octets)) : -1;
	close(fd);
	if (n >= KEY_MIN)
		n = ms_secret_set(ret_key, ms_span_of(octets, (size_t)n));
	else
		n = -EACCES;
	ms_wipe(octets, sizeof(octets));
	return (int)n;
}

static int take_key(const char *path, struct ms_secret *key, struct ms_buf *error)
{
	int err = *path ? read_key(path, key) : 0;

	if (err < 0 && error)
		ms_buf_printf(error, "sip.token_key: %s: %s", path,
			      err == -EACCES
				      ? "has to be a file of 16 octets or more with mode 0600"
				      : strerror(-err));
	return err;
}

static void on_trace(bool sent, const struct ms_sip_hop *hop, const struct ms_addr *own,
		     struct ms_span message, void *arg)
{
	struct ms_border *b = arg;
	ms_border_export_sip(b->hep, sent, hop, own, message);
}

static int open_proxy(struct ms_border *b, const struct ms_border_spec *spec, struct ms_buf *error)
{
	MS_CLEANUP(ms_secret_wipe) struct ms_secret key = { 0 };
	struct ms_sip_point points[MS_SIP_POINTS_MAX];
	struct ms_sip_proxy_config c = ms_border_proxy_config(spec->sip, points);
	int err = take_key(spec->sip->token_key, &key, error);

	if (err < 0)
		return err;
	c.token_key = ms_secret_span(&key);
	c.flows = spec->flows;
	c.handlers = ms_border_call_handlers();
	if (spec->hep)
		c.handlers.trace = on_trace;
	c.arg = b;
	return ms_sip_proxy_new(&c, error, &b->proxy);
}

static void shutdown_step(void *arg);

int ms_border_new(const struct ms_border_spec *spec, struct ms_buf *error, struct ms_border **ret_b)
{
	struct ms_border *b = ms_zalloc(sizeof(*b));
	uint8_t key[16];
	int err;

	if (!b)
		return -ENOMEM;
	b->sip = spec->sip;
	b->handlers = spec->handlers;
	b->hep = spec->hep;
	b->arg = spec->arg;
	b->flows = spec->flows;
	ms_list_init(&b->sessions);
	ms_list_init(&b->calls);
	ms_timer_init(&b->patience, "border.patience", shutdown_step, b);
	ms_timer_init(&b->poll, "border.shutdown", shutdown_step, b);
	err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(spec->sip->sessions, key, &b->by_key);
	if (err == 0)
		err = ms_border_media_start(b, spec);
	if (err == 0)
		err = open_proxy(b, spec, error);
	if (err == 0)
		err = ms_border_state_open(b, spec->sip->state, error);
	if (err < 0) {
		ms_border_free(b);
		return err;
	}
	ms_border_counters_start(b);
	*ret_b = b;
	return 0;
}

struct ms_border *ms_border_free(struct ms_border *b)
{
	if (!b)
		return NULL;
	ms_border_counters_stop(b);
	ms_border_state_close(b);
	ms_timer_stop(&b->patience);
	ms_timer_stop(&b->poll);
	ms_sip_proxy_free(b->proxy);
	while (!ms_list_empty(&b->sessions))
		ms_border_session_free(
			MS_CONTAINER_OF(b->sessions.next, struct ms_border_session, link));
	ms_border_media_stop(b);
	ms_hash_free(b->by_key);
	return ms_free(b);
}

int ms_border_change(struct ms_border *b, const struct ms_border_sip_config *sip,
		     const struct ms_anchor_policy *policy, struct ms_buf *error)
{
	struct ms_sip_point points[MS_SIP_POINTS_MAX];
	struct ms_sip_proxy_config c = ms_border_proxy_config(sip, points);
	int err = ms_sip_proxy_change(b->proxy, &c, error);

	if (err < 0)
		return err;
	b->sip = sip;
	if (b->anchor)
		ms_anchor_set_policy(b->anchor, policy);
	return 0;
}

/* ---- the end ---- */

#define POLL (20 * MS_MSEC)

static void shutdown_step(void *arg)
{
	struct ms_border *b = arg;
	void (*done)(void *arg) = b->done;

	if (ms_sip_proxy_unanswered(b->proxy) > 0 && ms_timer_running(&b->patience)) {
		ms_timer_start(&b->poll, POLL);
		return;
	}
	ms_timer_stop(&b->patience);
	ms_timer_stop(&b->poll);
	b->done = NULL;
	if (done)
		done(b->done_arg);
}

void ms_border_shutdown(struct ms_border *b, ms_usec patience, void (*done)(void *arg), void *arg)
{
	struct ms_list *link;

	ms_border_drain(b, true);
	b->done = done;
	b->done_arg = arg;
	ms_list_foreach (link, &b->sessions)
		ms_border_session_release(MS_CONTAINER_OF(link, struct ms_border_session, link),
					  503, "Out of service");
	ms_timer_start(&b->patience,
		       b->sip->release_wait < patience ? b->sip->release_wait : patience);
	ms_timer_start(&b->poll, POLL);
}

void ms_border_drain(struct ms_border *b, bool drain)
{
	b->draining = drain;
	ms_sip_proxy_drain(b->proxy, drain);
}

struct ms_sip_proxy *ms_border_proxy(struct ms_border *b)
{
	return b->proxy;
}
