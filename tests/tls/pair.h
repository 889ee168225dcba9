/* SPDX-License-Identifier: Apache-2.0 */
/* Two TLS peers in memory, for tests: the test decides what arrives. */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "ms-test.h"

#include "core/profile.h"
#include "tls/tls.h"

#define PSK32 "0123456789abcdef0123456789abcdef"

struct pair {
	struct ms_tls_context *ctx_c, *ctx_s;
	struct ms_tls *c, *s;
	size_t step; /* at most so many octets are handed over at once; 0: all */
};

static inline struct ms_tls_context *context_of(const struct ms_tls_config *config)
{
	struct ms_tls_config c = config ? *config : (struct ms_tls_config){ 0 };
	struct ms_tls_context *ctx = NULL;
	struct ms_fault f = { 0 };

	if (!c.psk_suites)
		c.psk_suites = ms_profile_default.psk_suites;
	if (!c.cert_suites)
		c.cert_suites = ms_profile_default.cert_suites;
	if (ms_tls_context_new(&c, &ctx, &f) < 0)
		fail_msg("context: %s", f.reason ? f.reason : "?");
	return ctx;
}

static inline void pair_open(struct pair *p, const struct ms_tls_config *cc,
			     const struct ms_tls_config *cs, struct ms_tls_peer *pc,
			     struct ms_tls_peer *ps)
{
	pc->role = MS_TLS_CLIENT;
	ps->role = MS_TLS_SERVER;
	p->ctx_c = context_of(cc);
	p->ctx_s = context_of(cs);
	p->step = 0;
	assert_int_equal(ms_tls_new(p->ctx_c, pc, 0, &p->c), 0);
	assert_int_equal(ms_tls_new(p->ctx_s, ps, 0, &p->s), 0);
}

static inline void pair_open_plain(struct pair *p)
{
	struct ms_tls_peer pc = { .psk = MS_SPAN_LIT(PSK32) };
	struct ms_tls_peer ps = { .psk = MS_SPAN_LIT(PSK32) };

	pair_open(p, NULL, NULL, &pc, &ps);
}

static inline void pair_close(struct pair *p)
{
	ms_tls_free(p->c);
	ms_tls_free(p->s);
	ms_tls_context_free(p->ctx_c);
	ms_tls_context_free(p->ctx_s);
}

/* Hands over what one has to send; returns how many octets the other took. */
static inline size_t carry(struct ms_tls *from, struct ms_tls *to, size_t step)
{
	struct ms_span out = ms_tls_output(from);
	size_t taken = 0;

	if (step > 0 && out.len > step)
		out.len = step;
	/* A failed session takes nothing; what is sent to it is lost. */
	if (ms_tls_input(to, out, &taken) < 0)
		taken = out.len;
	ms_tls_sent(from, taken);
	return taken;
}

static inline void pump(struct pair *p)
{
	size_t moved;

	do {
		moved = carry(p->c, p->s, p->step);
		moved += carry(p->s, p->c, p->step);
	} while (moved > 0);
}

static inline void assert_open(const struct pair *p)
{
	const struct ms_fault *f = ms_tls_fault(p->c) ? ms_tls_fault(p->c) : ms_tls_fault(p->s);

	if (f)
		fail_msg("failed: %s", f->reason);
	assert_int_equal(ms_tls_state(p->c), MS_TLS_OPEN);
	assert_int_equal(ms_tls_state(p->s), MS_TLS_OPEN);
}

static inline void assert_failed(const struct ms_tls *t, const char *reason)
{
	assert_int_equal(ms_tls_state(t), MS_TLS_FAILED);
	assert_string_equal(ms_tls_fault(t)->reason, reason);
}

#endif
