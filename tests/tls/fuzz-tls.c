/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets of a peer. The first one chooses: bit 0 the role fed, bit 1 raw octets or a real peer whose
 * stream is altered, bit 2 TLS 1.3, bit 3 certificates rather than a key, bit 4 the peer's fingerprint
 * comes late. Altered: triples of offset (2) and what is XORed in (1). Whatever arrives, what comes out
 * must be the beginning of what the real peer wrote.
 */
#include <stdlib.h>

#include "core/profile.h"
#include "tls/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENTENCE "what the real peer wrote"

struct world {
	struct ms_tls_context *ctx;
	struct ms_tls *fed;
	struct ms_tls *peer;
	struct ms_span changes;
	size_t seen; /* octets of the peer's stream so far */
};

enum { SERVER = 1, PEER = 2, TLS13 = 4, CERTIFICATE = 8, LATE = 16 };

static struct ms_tls_certificate *certificate(void)
{
	static struct ms_tls_certificate *cert;

	if (!cert && ms_tls_certificate_make(MS_SPAN_NULL, 0, 1, &cert) < 0)
		abort();
	return cert;
}

static struct ms_tls_context *context(bool tls13)
{
	static struct ms_tls_context *all[2];
	struct ms_tls_config c = { .psk_suites = ms_profile_default.psk_suites,
				   .cert_suites = ms_profile_default.cert_suites,
				   .cert_versions = tls13 ? MS_TLS_ONLY_13 : MS_TLS_ONLY_12,
				   .plain_max = 4096,
				   .output_max = 4096 };
	struct ms_tls_context **ctx = &all[tls13];

	if (!*ctx && (ms_tls_context_new(&c, ctx, NULL) < 0 ||
		      ms_tls_context_certificate(*ctx, certificate()) < 0))
		abort();
	return *ctx;
}

static const struct ms_tls_fingerprint *fingerprint(void)
{
	return ms_tls_certificate_fingerprint(certificate(), MS_TLS_SHA256);
}

static struct ms_tls *session(unsigned how)
{
	bool tls13 = how & TLS13;
	struct ms_tls_peer p = { .role = how & SERVER ? MS_TLS_SERVER : MS_TLS_CLIENT,
				 .mode = tls13 ? MS_TLS_PSK_13 : MS_TLS_PSK_12,
				 .psk = MS_SPAN_LIT("0123456789abcdef"),
				 .identity = MS_SPAN_LIT("name") };
	struct ms_tls *t;

	if (how & CERTIFICATE) {
		p.mode = MS_TLS_CERTIFICATE;
		p.fingerprints = fingerprint();
		p.n_fingerprints = how & LATE ? 0 : 1;
	}
	if (ms_tls_new(context(tls13), &p, 0, &t) < 0)
		abort();
	return t;
}

/* The late fingerprint; whatever it decides. */
static bool told(struct ms_tls *t)
{
	return ms_tls_state(t) == MS_TLS_UNVERIFIED && ms_tls_verify(t, fingerprint(), 1) == 0;
}

static void feed(struct ms_tls *t, struct ms_span octets)
{
	while (octets.len > 0) {
		size_t taken = 0;

		if (ms_tls_input(t, octets, &taken) < 0) {
			if (!ms_tls_fault(t) || !ms_tls_fault(t)->reason)
				abort();
			return;
		}
		octets = ms_span_from(octets, taken);
		if (ms_tls_state(t) == MS_TLS_UNVERIFIED && (taken == 0 || octets.len == 0))
			(void)told(t);
		else if (taken == 0 && ms_tls_plain(t).len == 0)
			abort();
		ms_tls_consume(t, ms_tls_plain(t).len);
		ms_tls_sent(t, ms_tls_output(t).len);
	}
}

static void alter(const struct world *w, uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 3 <= w->changes.len; i += 3) {
		size_t at = (size_t)w->changes.p[i] << 8 | w->changes.p[i + 1];

		if (at >= w->seen && at < w->seen + len)
			p[at - w->seen] ^= w->changes.p[i + 2];
	}
}

/* The peer's octets, altered, to the one that is fed. */
static size_t carry(struct world *w)
{
	struct ms_span out = ms_tls_output(w->peer);
	uint8_t copy[8192];
	size_t n = out.len < sizeof(copy) ? out.len : sizeof(copy), taken = 0;

	if (n == 0)
		return 0;
	memcpy(copy, out.p, n);
	alter(w, copy, n);
	if (ms_tls_input(w->fed, ms_span_of(copy, n), &taken) < 0)
		taken = n;
	ms_tls_sent(w->peer, taken);
	w->seen += taken;
	return taken;
}

static void converse(struct world *w)
{
	struct ms_span want = MS_SPAN_LIT(SENTENCE), got;
	bool written = false;
	size_t moved;

	do {
		size_t taken = 0;
		struct ms_span back;

		moved = carry(w);
		back = ms_tls_output(w->fed);
		if (ms_tls_input(w->peer, back, &taken) < 0)
			taken = back.len;
		ms_tls_sent(w->fed, taken);
		moved += taken;
		moved += moved == 0 && told(w->fed);
		if (!written && ms_tls_state(w->peer) == MS_TLS_OPEN) {
			written = ms_tls_write(w->peer, want, &taken) == 0;
			ms_tls_close(w->peer);
			moved++;
		}
	} while (moved > 0);
	got = ms_tls_plain(w->fed);
	if (!ms_span_starts(want, got))
		abort();
	if (ms_tls_input_end(w->fed) == 0 && !ms_span_eq(want, got))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { 0 };

	if (size < 1)
		return 0;
	w.fed = session(data[0]);
	w.changes = ms_span_of(data + 1, size - 1);
	if (data[0] & PEER) {
		w.peer = session((data[0] ^ SERVER) & ~(unsigned)LATE);
		converse(&w);
		ms_tls_free(w.peer);
	} else {
		feed(w.fed, w.changes);
	}
	ms_tls_free(w.fed);
	return 0;
}
