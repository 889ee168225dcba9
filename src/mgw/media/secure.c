/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of an endpoint, from the moment its TCP connection stands (TS 23.333 clause 5.20.2). We are the
 * client if the controller said so (EstBNC), else the server; who opened the TCP connection does not
 * matter. The session is up once the peer's certificate is the one whose fingerprint we were given.
 */
#include <errno.h>
#include <sys/socket.h>

#include "mgw/media/media-priv.h"

_Static_assert(MS_BEARER_FINGERPRINTS_MAX <= MS_TLS_FINGERPRINTS_MAX, "all of them fit");

static size_t fingerprints(const struct ms_bearer *b, struct ms_tls_fingerprint *list)
{
	static const enum ms_tls_hash hash_of[] = {
		[MS_BEARER_SHA1] = MS_TLS_SHA1,     [MS_BEARER_SHA224] = MS_TLS_SHA224,
		[MS_BEARER_SHA256] = MS_TLS_SHA256, [MS_BEARER_SHA384] = MS_TLS_SHA384,
		[MS_BEARER_SHA512] = MS_TLS_SHA512,
	};
	size_t n = 0;

	for (unsigned i = 0; i < b->remote_fingerprints.n && i < MS_BEARER_FINGERPRINTS_MAX; i++) {
		const struct ms_bearer_fingerprint *f = &b->remote_fingerprints.list[i];

		list[n].hash = hash_of[f->hash];
		memcpy(list[n++].digest, f->digest, f->len);
	}
	return n;
}

static int new_session(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_media *m = e->media;
	struct ms_tls_fingerprint list[MS_BEARER_FINGERPRINTS_MAX];
	struct ms_tls_peer peer = {
		.role = e->tls_client ? MS_TLS_CLIENT : MS_TLS_SERVER,
		.mode = b->psk_wanted ? MS_TLS_PSK_12 : MS_TLS_CERTIFICATE,
		.fingerprints = list,
		.n_fingerprints = fingerprints(b, list),
		.psk = ms_secret_span(&b->psk),
		.identity = ms_span_str(b->psk_identity),
	};

	if (peer.mode == MS_TLS_CERTIFICATE) {
		peer.anonymous_client = m->config.anonymous_clients && peer.n_fingerprints == 0;
		if (e->certificate && e->certificate != m->newest)
			peer.certificate = ms_media_certificate_of(m, e->certificate);
	}
	return ms_tls_new(m->tls, &peer, ms_loop_now(), &e->tls);
}

/* Is there something of the peer that we have not come to read? */
static bool is_behind(const struct ms_media_endpoint *e)
{
	uint8_t octet;

	return ms_tls_state(e->tls) == MS_TLS_HANDSHAKE &&
	       recv(e->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void guard_passed(void *arg)
{
	struct ms_media_endpoint *e = arg;

	/* In a burst the delay may be ours; what waits is read within the next rounds. */
	if (is_behind(e)) {
		ms_timer_start(&e->work->guard, MS_SEC);
		return;
	}
	ms_tls_expire(e->tls, MS_NEVER - 1);
	ms_media_tls_failed(e);
}

static void start_guard(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	ms_usec guard = b->tls_ms ? b->tls_ms : e->media->config.tls_ms;

	ms_timer_start(&e->work->guard, guard * MS_MSEC);
}

static int begin(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	int err = new_session(e, b);

	if (err == 0)
		err = ms_media_work_begin(e);
	if (err)
		return err;
	ms_timer_init(&e->work->guard, "media.tls", guard_passed, e);
	start_guard(e, b);
	ms_media_become(e, MS_MEDIA_SECURING);
	if (e->in_entry)
		return ms_media_entry_change(e, e->fd, MS_LOOP_READ);
	return ms_media_entry_add(e, e->fd, MS_LOOP_READ);
}

/* ---- going on ---- */

static void established(struct ms_media_endpoint *e)
{
	struct ms_bearer_event event = { .kind = MS_BEARER_TLS_UP, .alert = 255 };

	e->handshakes++;
	e->media->stats.handshakes++;
	ms_media_tell(e, &event);
	ms_media_up(e);
}

/* After anything that may have moved the session. */
static void look(struct ms_media_endpoint *e)
{
	if (!ms_media_flush(e))
		return;
	switch (ms_tls_state(e->tls)) {
	case MS_TLS_OPEN:
	case MS_TLS_HALF: /* the peer said all it had to say at once */
		established(e);
		break;
	case MS_TLS_UNVERIFIED:
		/* Not ours to hurry: the fingerprint comes with the controller. */
		ms_timer_stop(&e->work->guard);
		if (ms_media_entry_change(e, e->fd, 0))
			ms_media_tls_failed(e);
		break;
	case MS_TLS_FAILED:
	case MS_TLS_CLOSED:
		ms_media_tls_failed(e);
		break;
	case MS_TLS_HANDSHAKE:
		break;
	}
}

static const char *cause_of(int err)
{
	return err == -ENOKEY || err == -EOPNOTSUPP ? "nocert"
	       : err == -EINVAL                     ? "badpsk"
						    : "resources";
}

void ms_media_secure(struct ms_media_endpoint *e)
{
	struct ms_bearer b;
	int err = ms_media_bearer(e, &b);

	if (err == 0) {
		err = begin(e, &b);
		ms_bearer_wipe(&b);
	}
	if (err)
		ms_media_failed(e, MS_BEARER_TLS_FAILED, cause_of(err), 255);
	else if (e->tls_client) /* the ClientHello goes out now */
		look(e);
}

/* While nothing has been read of the peer the server's session can become a client's. */
void ms_media_secure_again(struct ms_media_endpoint *e)
{
	if (e->state != MS_MEDIA_SECURING || e->wire_in > 0)
		return;
	e->tls = ms_tls_free(e->tls);
	ms_media_secure(e);
}

static void feed(struct ms_media_endpoint *e, struct ms_span in)
{
	size_t taken = 0;
	int err = ms_tls_input(e->tls, in, &taken);

	e->wire_in += in.len;
	/* What a handshake does not take is more than a peer may send before it is known. */
	if (err == 0 && taken < in.len)
		ms_media_failed(e, MS_BEARER_TLS_FAILED, "resources", 255);
	else
		look(e);
}

void ms_media_secure_ready(struct ms_media_endpoint *e)
{
	struct ms_media *m = e->media;
	ssize_t n = recv(e->fd, m->in, m->config.read_size, 0);

	if (n > 0) {
		feed(e, ms_span_of(m->in, (size_t)n));
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* Without a close_notify it is a failure in every state of the handshake. */
		(void)!ms_tls_input_end(e->tls);
		ms_media_failed(e, MS_BEARER_TLS_FAILED, "tcplost", 255);
	} else if (e->waiting) {
		ms_media_drain(e);
	}
}

void ms_media_verify(struct ms_media_endpoint *e, const struct ms_bearer *b)
{
	struct ms_tls_fingerprint list[MS_BEARER_FINGERPRINTS_MAX];
	size_t n = fingerprints(b, list);

	if (e->state != MS_MEDIA_SECURING || n == 0 || b->psk_wanted)
		return;
	if (ms_tls_state(e->tls) == MS_TLS_UNVERIFIED) {
		/* The peer's part of the handshake may not have been read yet. */
		start_guard(e, b);
		if (ms_media_entry_change(e, e->fd, MS_LOOP_READ)) {
			ms_media_tls_failed(e);
			return;
		}
	}
	/* A refusal is the session's failure, which look() finds; others have decided: nothing to do. */
	(void)!ms_tls_verify(e->tls, list, n);
	look(e);
}
