/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair whose handshake is done and whose records are those of our layer. Contents are sealed by the peer's
 * own layer, so that the test chooses what they are.
 */
#ifndef TESTS_TLS_RECORD_PAIR_H
#define TESTS_TLS_RECORD_PAIR_H

#include "pair.h"

#include "tls/record-priv.h"

static const struct ms_tls_peer psk_12 = { .mode = MS_TLS_PSK_12, .psk = MS_SPAN_LIT(PSK32) };
static const struct ms_tls_peer psk_13 = { .mode = MS_TLS_PSK_13,
					   .psk = MS_SPAN_LIT(PSK32),
					   .identity = MS_SPAN_LIT("name") };

static inline void open_pair(struct pair *p, const struct ms_tls_peer *peer)
{
	struct ms_tls_peer c = *peer, s = *peer;

	pair_open(p, NULL, NULL, &c, &s);
	pump(p);
	assert_open(p);
	assert_non_null(p->c->record);
	assert_non_null(p->s->record);
	assert_null(p->c->ssl);
}

/* A record of `type` from `from` to `to`. */
static inline int say(struct ms_tls *from, struct ms_tls *to, uint8_t type, struct ms_span content)
{
	static uint8_t record[MS_TLS_RECORD + MS_TLS_RECORD_MORE];
	size_t n = ms_tls_record_seal(from, type, content, record), taken = 0;
	int err;

	assert_true(n > 0);
	err = ms_tls_input(to, ms_span_of(record, n), &taken);
	if (err == 0)
		assert_int_equal(taken, n);
	return err;
}

#define SAY(from, to, type, ...)                         \
	say((from), (to), (type),                        \
	    ms_span_of((const uint8_t[]){ __VA_ARGS__ }, \
		       sizeof((const uint8_t[]){ __VA_ARGS__ })))

static inline void expect_talk(struct pair *p)
{
	size_t taken;

	assert_int_equal(ms_tls_write(p->c, MS_SPAN_LIT("one way"), &taken), 0);
	assert_int_equal(ms_tls_write(p->s, MS_SPAN_LIT("and the other"), &taken), 0);
	pump(p);
	assert_span_str(ms_tls_plain(p->s), "one way");
	assert_span_str(ms_tls_plain(p->c), "and the other");
	ms_tls_consume(p->s, 7);
	ms_tls_consume(p->c, 13);
}

/* New keys of the client's, after it said so itself. */
static inline void follow(struct pair *p)
{
	ms_tls_record_next_keys(p->c->record, &p->c->record->out);
	ms_tls_record_unkey(p->c->ctx, &p->c->record->out);
}

#endif
