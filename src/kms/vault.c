/* SPDX-License-Identifier: Apache-2.0 */
/* The vault's process: start, timers, reload, end. */
#include "kms/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "crypto/prepare.h"
#include "kms/counters.h"
#include "kms/credential.h"
#include "kms/msg.h"
#include "kms/role.h"
#include "priv/role.h"
#include "priv/sandbox.h"

#define MINUTE (60 * MS_SEC)

struct ms_log_category ms_kms_log_ticket = { .name = "ticket",
					     .help = "Tickets issued, resolved and refused.",
					     .level = MS_LOG_INFO };
struct ms_log_category ms_kms_log_store = { .name = "store",
					    .help = "Store, keys, journals.",
					    .level = MS_LOG_INFO };

/* ---- configuration ---- */

void ms_kms_vault_apply(struct ms_kms_vault *v)
{
	const struct ms_kms_config *c = &v->config;

	ms_log_set_level(NULL, (enum ms_log_level)c->daemon.log_level);
	ms_mikey_local_init(&v->local, &c->profile);
	v->local.suite_128 = c->ticket.suite_128;
	v->local.suite_256 = c->ticket.suite_256;
	v->local.key_wrap = c->ticket.key_wrap;
	v->local.mixed_prf = c->ticket.mixed_prf;
	v->engine = (struct ms_mikey_kms){
		.id = { .type = (uint8_t)c->profile.id_type, .data = ms_span_str(c->identity) },
		.local = &v->local,
		.random = &ms_random_system,
		.credential = v->credential,
		.authenticate_errors = c->ticket.authenticate_errors,
		.ops = &ms_kms_vault_ops,
		.arg = v,
	};
}

/* Validities may grow by a reload: the present key has to know before the next ticket. */
static int note_lifetime(struct ms_kms_vault *v)
{
	int err = ms_kms_keyring_lifetime(&v->tpks, v->store, v->config.ticket.lifetime);

	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "%s", ms_store_message(v->store));
	return err;
}

static void reload(struct ms_kms_vault *v, struct ms_span body)
{
	struct ms_kms_config next;
	struct ms_config *owner;
	int err = ms_kms_role_reconfig(body, &next, &owner);

	if (err) {
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "reload: %s", strerror(-err));
		return;
	}
	ms_kms_batch_end(v);
	v->config = next;
	ms_config_free(v->config_owner);
	v->config_owner = owner;
	ms_kms_vault_apply(v);
	err = ms_kms_audit_reopen(&v->audit, v->config.audit.file);
	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "audit log %s: %s; the old one stays",
		       v->config.audit.file, strerror(-err));
	/* A shorter promise would break tickets; without the note, the old limit stays in force. */
	if (note_lifetime(v) && ms_kms_keyring_current(&v->tpks))
		v->config.ticket.lifetime = ms_kms_keyring_current(&v->tpks)->expires;
}

/* ---- channels ---- */

static void from_front(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	struct ms_kms_vault *v = arg;
	struct ms_span rest = ms_msg_rest(m);
	struct ms_reader in = ms_reader_of(rest);

	switch (m->type) {
	case MS_KMS_MSG_HANDLE:
		ms_kms_batch_handle(v, m->id, rest);
		break;
	case MS_KMS_MSG_COUNTERS:
		(void)!ms_counters_get(&ms_kms_front_set, &in);
		break;
	case MS_KMS_MSG_METRICS:
		ms_kms_vault_gauges(v);
		ms_counters_put(&ms_kms_vault_set, ms_chan_begin(c, MS_KMS_MSG_METERED, m->id));
		if (ms_chan_end(c))
			ms_count(&ms_kms_vault_set.counters[MS_KMS_V_FAILED]);
		break;
	default:
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "front: unknown message %u", m->type);
	}
}

static void front_gone(struct ms_chan *c, int err, void *arg)
{
	struct ms_kms_vault *v = arg;

	(void)err;
	(void)c;
	v->link = ms_chan_free(v->link);
}

static void from_parent(struct ms_chan *c, struct ms_msg *m, void *arg)
{
	(void)c;
	if (m->type == MS_KMS_MSG_CONFIG)
		reload(arg, ms_msg_rest(m));
	else if (m->type == MS_KMS_MSG_STOP)
		ms_loop_stop();
}

static void parent_gone(struct ms_chan *c, int err, void *arg)
{
	struct ms_kms_vault *v = arg;

	(void)c;
	(void)err;
	v->parent = ms_chan_free(v->parent);
	ms_loop_stop();
}

static const struct ms_chan_handlers front_handlers = { .message = from_front,
							.closed = front_gone };
static const struct ms_chan_handlers parent_handlers = { .message = from_parent,
							 .closed = parent_gone };

/* ---- timers ---- */

int ms_kms_vault_rotate(struct ms_kms_vault *v, ms_usec now)
{
	int err = ms_kms_keyring_rotate(&v->tpks, v->store, &ms_random_system,
					v->config.ticket.lifetime, now);

	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "ticket protection key: %s",
		       err == -ENOSPC && v->tpks.n >= MS_KMS_TPK_MAX ? "too many are kept"
								     : ms_store_message(v->store));
	else
		MS_LOG(&ms_kms_log_store, MS_LOG_NOTICE, "new ticket protection key, %zu kept",
		       v->tpks.n);
	return err;
}

static void rotate_by_age(struct ms_kms_vault *v, ms_usec now)
{
	const struct ms_kms_tpk *k = ms_kms_keyring_current(&v->tpks);

	if (k && now < ms_usec_add(k->starts, v->config.ticket.key_lifetime))
		return;
	/* The old key goes on making tickets; failures go into the log once a minute. */
	if (ms_loop_now() < v->rotate_again)
		return;
	v->rotate_again = ms_kms_vault_rotate(v, now) ? ms_loop_now() + MINUTE : 0;
}

/* Ticket keys and revocations whose tickets have ended. */
static void purge(struct ms_kms_vault *v, ms_usec now)
{
	int err = ms_kms_keyring_purge(&v->tpks, v->store, now);

	if (err == 0 && ms_loop_now() >= v->purge_again) {
		v->purge_again = ms_loop_now() + MINUTE;
		err = ms_store_ticket_purge(v->store, now);
	}
	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_WARNING, "%s", ms_store_message(v->store));
}

/* As ms_mikey_window_end() has it. */
ms_usec ms_kms_vault_window(const struct ms_kms_vault *v)
{
	return (ms_usec)v->config.profile.clock_skew_s * MS_SEC + MS_SEC;
}

ms_usec ms_kms_vault_behind(const struct ms_kms_vault *v)
{
	return ms_kms_replay_ahead(v->replay, ms_clock_wall() - ms_kms_vault_window(v));
}

static void watch_clock(struct ms_kms_vault *v)
{
	ms_usec behind = ms_kms_vault_behind(v);

	if (behind > 0 && !v->clock_reported)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR,
		       "our clock is at least %" PRId64
		       " s behind messages accepted before: set it",
		       behind / MS_SEC + 1);
	if (behind == 0 && v->clock_reported)
		MS_LOG(&ms_kms_log_store, MS_LOG_NOTICE, "our clock is right again");
	v->clock_reported = behind > 0;
}

static void each_second(void *arg)
{
	struct ms_kms_vault *v = arg;
	ms_usec now = ms_clock_wall();

	ms_timer_start(&v->second, MS_SEC);
	ms_kms_replay_expire(v->replay, now - ms_kms_vault_window(v));
	watch_clock(v);
	rotate_by_age(v, now);
	purge(v, now);
}

static void each_sync(void *arg)
{
	struct ms_kms_vault *v = arg;
	int err = ms_kms_replay_sync(v->replay);

	ms_timer_start(&v->sync, v->config.replay.sync_interval);
	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "replay journal: %s", strerror(-err));
}

void ms_kms_vault_gauges(struct ms_kms_vault *v)
{
	const struct ms_kms_replay_stats *r = ms_kms_replay_stats(v->replay);
	struct ms_kms_directory_counts n = ms_kms_directory_counts(v->dir);
	struct ms_counter *c = ms_kms_vault_set.counters;

	c[MS_KMS_V_AUDIT_ERRORS].value = v->audit.errors;
	c[MS_KMS_V_JOURNAL_ERRORS].value = r->errors;
	c[MS_KMS_V_JOURNAL_OCTETS].value = r->written;
	c[MS_KMS_V_JOURNAL_SYNCS].value = r->syncs;
	ms_gauge(&c[MS_KMS_V_REPLAY_RECORDS], r->records);
	ms_gauge(&c[MS_KMS_V_REPLAY_BUCKETS], r->buckets);
	ms_gauge(&c[MS_KMS_V_REPLAY_AHEAD], (uint64_t)(ms_kms_vault_behind(v) / MS_SEC));
	ms_gauge(&c[MS_KMS_V_USERS], n.users);
	ms_gauge(&c[MS_KMS_V_IDENTITIES], n.identities);
	ms_gauge(&c[MS_KMS_V_KEYS], n.keys);
	ms_gauge(&c[MS_KMS_V_TPKS], v->tpks.n);
}

/* ---- start ---- */

static int load_tpk(void *arg, const struct ms_store_tpk *k)
{
	return ms_kms_keyring_load(&((struct ms_kms_vault *)arg)->tpks, k);
}

static int open_store(struct ms_kms_vault *v)
{
	const struct ms_store_config sc = { v->config.vault.store, v->config.vault.master,
					    (unsigned)(v->config.vault.busy / MS_MSEC) };
	char why[MS_STORE_MESSAGE_MAX];
	int err = ms_store_open(&sc, why, &v->store);

	if (err) {
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "%s", why);
		return err;
	}
	err = ms_random_fill(&ms_random_system, v->hash_key, sizeof(v->hash_key));
	if (err == 0)
		err = ms_kms_directory_new(v->config.vault.max_entries, v->hash_key, &v->dir);
	if (err == 0)
		err = ms_kms_directory_load(v->dir, v->store, load_tpk, v);
	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "loading the store: %s %s", strerror(-err),
		       ms_store_message(v->store));
	return err;
}

static int open_replay(struct ms_kms_vault *v)
{
	const struct ms_kms_config *c = &v->config;
	const struct ms_kms_replay_config rc = {
		.dir = c->replay.dir,
		.window = 2 * (ms_usec)c->profile.clock_skew_s * MS_SEC + MS_SEC,
		.bucket = c->replay.bucket,
		.max_records = c->replay.max_records,
		.sync = (enum ms_kms_sync)c->replay.sync,
		.hash_key = v->hash_key,
	};
	char why[MS_KMS_REPLAY_WHY_MAX];
	int err = 0;

	if (mkdir(c->replay.dir, 0700) < 0 && errno != EEXIST)
		err = -errno;
	if (err) {
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "replay journal %s: %s", c->replay.dir,
		       strerror(-err));
		return err;
	}
	err = ms_kms_replay_open(&rc, ms_clock_wall() - ms_kms_vault_window(v), why, &v->replay);
	if (why[0])
		MS_LOG(&ms_kms_log_store, err ? MS_LOG_ERROR : MS_LOG_WARNING, "%s", why);
	return err;
}

static int open_audit(struct ms_kms_vault *v)
{
	const char *path = v->config.audit.target == MS_KMS_AUDIT_SYSLOG ? v->config.audit.syslog
									 : v->config.audit.file;
	int err = ms_kms_audit_open(&v->audit, v->config.audit.target, path);

	if (err)
		MS_LOG(&ms_kms_log_store, MS_LOG_ERROR, "audit log %s: %s", path, strerror(-err));
	return err;
}

static int open_all(struct ms_kms_vault *v)
{
	int err = open_store(v);

	if (err == 0)
		err = open_replay(v);
	if (err == 0)
		err = open_audit(v);
	if (err == 0)
		err = ms_kms_credential_load(&v->config, &v->credential);
	if (err)
		return err;
	ms_kms_vault_apply(v);
	if (!ms_kms_keyring_current(&v->tpks))
		err = ms_kms_vault_rotate(v, ms_clock_wall());
	return err ? err : note_lifetime(v);
}

static int open_channels(struct ms_kms_vault *v)
{
	int err = ms_chan_new(MS_ROLE_FD, 0, false, &parent_handlers, v, &v->parent);

	if (err == 0)
		err = ms_chan_new(MS_ROLE_FD + MS_KMS_FD_LINK, 64 << 20, false, &front_handlers, v,
				  &v->link);
	return err;
}

/* No socket can be made; the one to the syslog daemon may be connected again. */
static int enter_sandbox(const struct ms_kms_vault *v)
{
	static const char *const again[] = { "connect" };
	bool syslog = v->config.audit.target == MS_KMS_AUDIT_SYSLOG;

	return ms_sandbox_enter(MS_SANDBOX_FILES_READ | MS_SANDBOX_FILES_WRITE |
					MS_SANDBOX_NET_SERVER,
				syslog ? again : NULL, syslog ? 1 : 0);
}

static int start(struct ms_kms_vault *v)
{
	struct ms_kms_hello hello;
	int err = ms_kms_role_config(MS_ROLE_FD + MS_KMS_FD_CONFIG, &hello, &v->config,
				     &v->config_owner);

	if (err)
		return err;
	ms_log_set_level(NULL, (enum ms_log_level)v->config.daemon.log_level);
	err = ms_daemon_role_signals();
	/* before the root directory and the system calls go: libcrypto reads its files, and answers */
	if (err == 0)
		err = ms_crypto_prepare();
	if (err == 0)
		err = ms_daemon_role_drop(&v->config.daemon, false);
	if (err == 0)
		err = open_all(v);
	if (err == 0)
		err = ms_kms_batch_init(v);
	if (err == 0)
		err = open_channels(v);
	if (err == 0)
		err = ms_kms_manage_start(v);
	if (err)
		return err;
	v->started = ms_clock_wall();
	ms_timer_init(&v->second, "vault.second", each_second, v);
	ms_timer_start(&v->second, MS_SEC);
	ms_timer_init(&v->sync, "vault.sync", each_sync, v);
	if (v->config.replay.sync == MS_KMS_SYNC_INTERVAL)
		ms_timer_start(&v->sync, v->config.replay.sync_interval);
	return enter_sandbox(v);
}

static void stop(struct ms_kms_vault *v)
{
	if (v->batch.result)
		ms_kms_batch_end(v);
	if (v->link)
		ms_chan_flush(v->link, 1000);
	ms_timer_stop(&v->second);
	ms_timer_stop(&v->sync);
	ms_kms_manage_stop(v);
	v->link = ms_chan_free(v->link);
	v->parent = ms_chan_free(v->parent);
	ms_kms_batch_done(v);
	v->replay = ms_kms_replay_close(v->replay);
	ms_kms_audit_close(&v->audit);
	v->credential = ms_mikey_credential_free(v->credential);
	ms_kms_keyring_done(&v->tpks);
	v->dir = ms_kms_directory_free(v->dir);
	v->store = ms_store_close(v->store);
	v->config_owner = ms_config_free(v->config_owner);
}

int ms_kms_vault_main(void)
{
	static struct ms_kms_vault vault;
	struct ms_kms_vault *v = &vault;
	int err = ms_daemon_role_init("mediasec-kms/vault");

	v->audit.fd = -1;
	ms_kms_counters_init();
	ms_log_category_add(&ms_kms_log_ticket);
	ms_log_category_add(&ms_kms_log_store);
	ms_kms_keyring_init(&v->tpks);
	if (err == 0)
		err = start(v);
	if (err == 0) {
		struct ms_kms_directory_counts n = ms_kms_directory_counts(v->dir);

		MS_LOG(&ms_kms_log_store, MS_LOG_NOTICE,
		       "serving: %zu users, %zu identities, %zu keys, %zu ticket keys, %" PRIu64
		       " replay records",
		       n.users, n.identities, n.keys, v->tpks.n,
		       ms_kms_replay_stats(v->replay)->records);
		ms_daemon_role_ready(MS_ROLE_FD + MS_KMS_FD_STATUS);
		err = ms_loop_run();
	}
	stop(v);
	return err ? 1 : 0;
}
