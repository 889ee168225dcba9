/* SPDX-License-Identifier: Apache-2.0 */
/* The server's keys: one PSK with the KMS, and a keyring for each PSI it speaks as. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/hex.h"
#include "list/lists.h"

#define PSK_MIN 16
#define SECRET_FILE_MAX 1024

/* ---- the PSK ---- */

static int complain(struct ms_buf *error, const char *path, const char *what, int err)
{
	ms_buf_printf(error, "kms.psk_file: %s: %s", path, what);
	return err;
}

static int read_psk(const char *path, struct ms_buf *text, struct ms_buf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	uint8_t *p;
	ssize_t n;

	if (fd < 0)
		return complain(error, path, strerror(errno), -errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077)) {
		close(fd);
		return complain(error, path, "not a regular file of mode 0600", -EACCES);
	}
	p = ms_buf_extend(text, SECRET_FILE_MAX);
	n = p ? read(fd, p, SECRET_FILE_MAX) : -1;
	close(fd);
	if (n < 0)
		return complain(error, path, "cannot be read", -EIO);
	ms_buf_truncate(text, (size_t)n);
	return 0;
}

static int load_psk(struct ms_lists *s, struct ms_buf *error)
{
	const char *path = s->config->kms.psk_file;
	MS_CLEANUP(ms_buf_done) struct ms_buf text, key;
	int err;

	ms_buf_init_secret(&text, SECRET_FILE_MAX);
	ms_buf_init_secret(&key, MS_SECRET_MAX);
	err = read_psk(path, &text, error);
	if (err)
		return err;
	if (ms_hex_decode(&key, ms_span_trim(ms_buf_span(&text))) || key.len < PSK_MIN)
		return complain(error, path, "not 16 to 64 octets as hex digits", -EINVAL);
	return ms_secret_set(&s->psk, ms_buf_span(&key));
}

/* ---- opening ---- */

static int open_replay(struct ms_lists *s, struct ms_buf *error)
{
	const struct ms_lists_config *c = s->config;
	int err = ms_keys_replay_new(c->store.replay_max, &ms_random_system, &s->replay);

	if (err == 0)
		err = ms_keys_replay_open(s->replay, c->store.replay);
	if (err)
		ms_buf_printf(error, "store.replay: %s: %s", c->store.replay,
			      err == -EBADMSG ? "not a list of seen messages" : strerror(-err));
	return err;
}

static int open_kms(struct ms_lists *s, struct ms_buf *error)
{
	const struct ms_lists_config *c = s->keys_config;
	const struct ms_keys_kms_options o = {
		.url = c->kms.url,
		.ca_file = *c->kms.ca ? c->kms.ca : NULL,
		.profile = &c->profile,
		.timeout = c->kms.timeout,
	};
	uint8_t key[16];
	int err = 0;

	if (*c->kms.identity)
		err = ms_keys_identity_parse(ms_span_str(c->kms.identity), &s->kms_identity);
	if (err == 0)
		err = ms_random_fill(&ms_random_system, key, sizeof(key));
	if (err == 0)
		err = ms_hash_new(c->limits.lists + 1, key, &s->rings);
	if (err == 0)
		err = ms_keys_kms_new(&o, &s->kms);
	if (err)
		ms_buf_printf(error, "kms: %s", strerror(-err));
	return err;
}

int ms_lists_keys_open(struct ms_lists *s, struct ms_buf *error)
{
	int err = load_psk(s, error);

	if (err == 0)
		err = open_replay(s, error);
	return err ? err : open_kms(s, error);
}

/* ---- keyrings ---- */

static void failed(void *arg, const struct ms_keys_failure *f)
{
	const struct ms_lists *s = arg;

	MS_LOG(&ms_lists_log, MS_LOG_WARNING, "kms=%s %s: %s", ms_keys_kms_url(s->kms),
	       f->reason ? f->reason : "failed", f->detail);
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	MS_LOG(&ms_lists_log, MS_LOG_WARNING, "%s", text);
}

struct holder {
	struct ms_keys_identity identity;
	struct ms_keys_ring *ring; /* owned */
};

static struct holder *holder_free(struct holder *h)
{
	if (!h)
		return NULL;
	ms_keys_ring_free(h->ring);
	return ms_free(h);
}

static int free_holder(struct ms_span identity, void *value, void *arg)
{
	(void)identity;
	(void)arg;
	holder_free(value);
	return 0;
}

void ms_lists_keys_close(struct ms_lists *s)
{
	if (s->rings)
		ms_hash_each(s->rings, free_holder, NULL);
	s->rings = ms_hash_free(s->rings);
	s->kms = ms_keys_kms_free(s->kms);
	s->replay = ms_keys_replay_free(s->replay);
	ms_secret_wipe(&s->psk);
}

static int open_ring(struct ms_lists *s, struct holder *h)
{
	const struct ms_lists_config *c = s->keys_config;
	const struct ms_keys_ring_options o = {
		.kms = s->kms,
		.profile = &c->profile,
		.identity = &h->identity,
		.kms_identity = &s->kms_identity,
		.psk_id = c->kms.psk_id,
		.psk = ms_secret_span(&s->psk),
		.offline_limit = c->store.offline_limit,
		.lifetime = c->tickets.lifetime,
		.renew_ahead = c->tickets.renew_ahead,
		.tickets_max = c->tickets.max,
		.handlers = { .failed = failed, .warn = warn, .arg = s },
	};

	return ms_keys_ring_new(&o, &h->ring);
}

int ms_lists_ring(struct ms_lists *s, struct ms_span identity, struct ms_keys_ring **ret_ring)
{
	struct holder *h = ms_hash_get(s->rings, identity);
	int err;

	if (h) {
		*ret_ring = h->ring;
		return 0;
	}
	h = ms_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	err = ms_keys_identity_parse(identity, &h->identity);
	if (err == 0)
		err = open_ring(s, h);
	if (err == 0)
		err = ms_hash_put(s->rings, identity, h);
	if (err)
		holder_free(h);
	else
		*ret_ring = h->ring;
	return err;
}

void ms_lists_ring_drop(struct ms_lists *s, struct ms_span identity)
{
	holder_free(ms_hash_take(s->rings, identity));
}

struct ms_keys_smime ms_lists_smime(const struct ms_lists *s, const struct ms_keys_ring *ring,
				    struct ms_keys_replay *replay)
{
	return (struct ms_keys_smime){
		.party = ms_keys_ring_party(ring, MS_KEYS_TICKET_MESSAGE),
		.profile = &s->keys_config->profile,
		.random = &ms_random_system,
		.cms = { .alg = (enum ms_aead_alg)s->config->tickets.algorithm },
		.replay = replay,
		.enter_later = true,
	};
}
