/* SPDX-License-Identifier: Apache-2.0 */
/* The media plane of a process: its endpoints by number, its certificates, what all of them share. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/profile.h"
#include "core/random.h"
#include "mgw/media/media-priv.h"

/* What records add to the octets of one read, generously: TLS 1.3 in records of 1 KiB. */
#define RECORDS_ROOM(n) ((n) / 32 + 16384)

/* What an MSRP engine makes at once: the longest head it may write, and much more. */
#define AWARE_OUT (256u << 10)

static bool there_is_one;

struct certificate {
	struct ms_list link;
	uint32_t number;
	struct ms_tls_certificate *certificate;
};

/* ---- defaults ---- */

#define DEFAULT(member, value)              \
	do {                                \
		if (!(member))              \
			(member) = (value); \
	} while (0)

static void fill_in(struct ms_media_config *c)
{
	DEFAULT(c->read_size, 128 << 10);
	DEFAULT(c->waiting_max, 256 << 10);
	/* What one read of the partner makes always has room. */
	if (c->waiting_max < 2 * c->read_size)
		c->waiting_max = 2 * c->read_size;
	DEFAULT(c->memory_max, (size_t)64 << 20);
	DEFAULT(c->endpoints, 65536);
	DEFAULT(c->half_open, 16384);
	DEFAULT(c->handshakes_burst, c->handshakes_per_s);
	DEFAULT(c->round_budget, 100);
	DEFAULT(c->finish_limit, 10 * MS_SEC);
	DEFAULT(c->tcp_ms, ms_profile_default.tcp_guard_ms);
	DEFAULT(c->tls_ms, ms_profile_default.tls_guard_ms);
}

/* ---- start and end ---- */

static int open_tls(struct ms_media *m, const struct ms_media_config *c, struct ms_fault *f)
{
	size_t read_size = m->config.read_size;
	struct ms_tls_config t = {
		.psk_suites = c->psk_suites ? c->psk_suites : ms_profile_default.psk_suites,
		.cert_suites = c->cert_suites ? c->cert_suites : ms_profile_default.cert_suites,
		.cert_suites_13 = c->cert_suites_13,
		.cert_versions = c->versions,
		.allow_sha1 = c->allow_sha1,
		.output_max = m->config.waiting_max,
		.keylog = c->keylog,
		.keylog_arg = c->keylog_arg,
	};
	int err = ms_tls_desk_new(read_size + RECORDS_ROOM(read_size),
				  read_size + RECORDS_ROOM(read_size), &m->desk);

	t.desk = m->desk;
	return err ? err : ms_tls_context_new(&t, &m->tls, f);
}

static int open_rest(struct ms_media *m)
{
	uint8_t key[16];
	int err = ms_random_fill(&ms_random_system, key, sizeof(key));

	if (err == 0)
		err = ms_hash_new(m->config.endpoints, key, &m->endpoints);
	if (err == 0)
		err = ms_media_entry_open(m);
	ms_buf_init(&m->aware_out[0], AWARE_OUT);
	ms_buf_init(&m->aware_out[1], AWARE_OUT);
	m->in = ms_zalloc(m->config.read_size);
	if (err == 0 && !m->in)
		err = -ENOMEM;
	if (err == 0)
		m->spare_fd = fcntl(m->entry_fd, F_DUPFD_CLOEXEC, 0);
	return err;
}

int ms_media_new(const struct ms_media_config *c, const struct ms_media_handlers *h,
		 struct ms_media **ret_m, struct ms_fault *f)
{
	struct ms_media *m;
	int err;

	if (there_is_one)
		return -EBUSY;
	m = ms_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->config = *c;
	fill_in(&m->config);
	m->config.cert_suites = m->config.cert_suites_13 = m->config.psk_suites = NULL;
	m->handlers = *h;
	m->entry_fd = m->spare_fd = -1;
	ms_media_splice_open(m);
	m->handshake_tokens = (uint64_t)m->config.handshakes_burst * MS_SEC;
	ms_list_init(&m->certificates);
	ms_list_init(&m->waiting);
	there_is_one = true;
	err = open_rest(m);
	if (err == 0)
		err = open_tls(m, c, f);
	if (err) {
		ms_media_free(m);
		return err;
	}
	*ret_m = m;
	return 0;
}

static int free_one(struct ms_span key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	ms_media_endpoint_free(value);
	return 0;
}

static void free_certificates(struct ms_media *m)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &m->certificates) {
		struct certificate *c = MS_CONTAINER_OF(link, struct certificate, link);

		ms_tls_certificate_unref(c->certificate);
		ms_free(c);
	}
}

struct ms_media *ms_media_free(struct ms_media *m)
{
	if (!m)
		return NULL;
	if (m->endpoints)
		ms_hash_each(m->endpoints, free_one, NULL);
	ms_hash_free(m->endpoints);
	ms_media_entry_close(m);
	ms_media_splice_close(m);
	if (m->spare_fd >= 0)
		close(m->spare_fd);
	ms_tls_context_free(m->tls);
	ms_tls_desk_free(m->desk);
	free_certificates(m);
	ms_buf_done(&m->aware_out[0]);
	ms_buf_done(&m->aware_out[1]);
	ms_free(m->in);
	ms_free(m);
	there_is_one = false;
	return NULL;
}

/* ---- endpoints ---- */

struct ms_media_endpoint *ms_media_find(const struct ms_media *m, ms_plane_endpoint number)
{
	return ms_hash_get(m->endpoints, ms_span_of(&number, sizeof(number)));
}

const struct ms_media_stats *ms_media_stats(const struct ms_media *m)
{
	return &m->stats;
}

/* ---- certificates ---- */

static struct certificate *find_certificate(const struct ms_media *m, uint32_t number)
{
	const struct ms_list *link;

	ms_list_foreach (link, &m->certificates) {
		struct certificate *c = MS_CONTAINER_OF(link, struct certificate, link);

		if (c->number == number)
			return c;
	}
	return NULL;
}

struct ms_tls_certificate *ms_media_certificate_of(const struct ms_media *m, uint32_t number)
{
	struct certificate *c = find_certificate(m, number);

	return c ? c->certificate : NULL;
}

int ms_media_certificate(struct ms_media *m, uint32_t number, struct ms_tls_certificate *cert)
{
	struct certificate *c;
	int err;

	if (find_certificate(m, number))
		return -EEXIST;
	err = ms_tls_context_certificate(m->tls, cert);
	c = err ? NULL : ms_zalloc(sizeof(*c));
	if (!c)
		return err ? err : -ENOMEM;
	c->number = m->newest = number;
	c->certificate = ms_tls_certificate_ref(cert);
	ms_list_append(&m->certificates, &c->link);
	return 0;
}

void ms_media_certificate_forget(struct ms_media *m, uint32_t number)
{
	struct certificate *c = find_certificate(m, number);

	if (!c)
		return;
	ms_list_remove(&c->link);
	ms_tls_certificate_unref(c->certificate);
	ms_free(c);
}

struct users {
	uint32_t number;
	size_t n;
};

static int count_user(struct ms_span key, void *value, void *arg)
{
	const struct ms_media_endpoint *e = value;
	struct users *u = arg;

	(void)key;
	u->n += e->certificate == u->number;
	return 0;
}

size_t ms_media_certificate_users(const struct ms_media *m, uint32_t number)
{
	struct users u = { .number = number };

	ms_hash_each(m->endpoints, count_user, &u);
	return u.n;
}

/* ---- limits ---- */

bool ms_media_admit_handshake(struct ms_media *m)
{
	uint64_t most = (uint64_t)m->config.handshakes_burst * MS_SEC;
	ms_usec now = ms_loop_now(), passed = now - m->handshake_filled;

	if (m->config.handshakes_per_s == 0)
		return true;
	if (passed > MS_SEC * 60)
		passed = MS_SEC * 60;
	m->handshake_filled = now;
	m->handshake_tokens += (uint64_t)passed * m->config.handshakes_per_s;
	if (m->handshake_tokens > most)
		m->handshake_tokens = most;
	if (m->handshake_tokens < MS_SEC)
		return false;
	m->handshake_tokens -= MS_SEC;
	return true;
}
