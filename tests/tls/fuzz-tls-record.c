/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer that knows the keys may send after the handshake. The first octet chooses version and
 * role; then records: type (1), length (1), contents; the length's top bit: the record comes in two
 * pieces. Whatever comes, plaintext is what records of data brought, in order.
 */
#include <stdlib.h>

#include "core/profile.h"
#include "tls/record-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_tls_context *context(void)
{
	static struct ms_tls_context *ctx;
	struct ms_tls_config c = { .psk_suites = ms_profile_default.psk_suites };

	if (!ctx && ms_tls_context_new(&c, &ctx, NULL) < 0)
		abort();
	return ctx;
}

static struct ms_tls *session(bool server, bool v13)
{
	struct ms_tls_peer p = { .role = server ? MS_TLS_SERVER : MS_TLS_CLIENT,
				 .mode = v13 ? MS_TLS_PSK_13 : MS_TLS_PSK_12,
				 .psk = MS_SPAN_LIT("0123456789abcdef"),
				 .identity = MS_SPAN_LIT("name") };
	struct ms_tls *t;

	if (ms_tls_new(context(), &p, 0, &t) < 0)
		abort();
	return t;
}

static size_t carry(struct ms_tls *from, struct ms_tls *to)
{
	struct ms_span out = ms_tls_output(from);
	size_t taken = 0;

	if (ms_tls_input(to, out, &taken) < 0)
		abort();
	ms_tls_sent(from, taken);
	return taken;
}

static int give(struct ms_tls *t, struct ms_span s)
{
	size_t taken = 0;
	int err = ms_tls_input(t, s, &taken);

	if (err == 0 && taken < s.len && ms_tls_state(t) == MS_TLS_OPEN)
		abort();
	return err;
}

/* One record. Adds to *expected what the reader has to get of it, in TLS 1.2 where the type is plain. */
static int one(struct ms_tls *peer, struct ms_tls *t, struct ms_span *data, size_t *expected)
{
	uint8_t record[128 + MS_TLS_RECORD_MORE], type = data->p[0];
	struct ms_span content = ms_span_sub(*data, 2, data->p[1] & 0x7f);
	size_t n = ms_tls_record_seal(peer, type, content, record);
	size_t first = data->p[1] & 0x80 ? n / 2 : n;
	int err;

	*data = ms_span_from(*data, 2 + content.len);
	if (type == MS_TLS_DATA)
		*expected += content.len;
	err = give(t, ms_span_of(record, first));
	if (err == 0 && first < n)
		err = give(t, ms_span_of(record + first, n - first));
	/* The peer goes along with its own key updates. */
	if (type == MS_TLS_HANDSHAKE_MESSAGE && content.len == 5 && content.p[0] == 24 &&
	    peer->record->v13) {
		ms_tls_record_next_keys(peer->record, &peer->record->out);
		ms_tls_record_unkey(peer->ctx, &peer->record->out);
	}
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span rest = ms_span_of(data, size);
	struct ms_tls *t, *peer;
	size_t expected = 0;
	bool v13;

	if (size == 0)
		return 0;
	v13 = data[0] & 2;
	t = session(data[0] & 1, v13);
	peer = session(!(data[0] & 1), v13);
	while (carry(peer, t) + carry(t, peer) > 0)
		;
	if (!t->record || !peer->record)
		abort();
	rest = ms_span_from(rest, 1);
	while (rest.len >= 2 && ms_tls_state(t) == MS_TLS_OPEN)
		if (one(peer, t, &rest, &expected) < 0)
			break;
	/* In TLS 1.3 another type can turn into data by its padding. */
	if (v13 ? ms_tls_state(t) == MS_TLS_OPEN && ms_tls_plain(t).len < expected
		: ms_tls_plain(t).len > expected)
		abort();
	ms_tls_free(t);
	ms_tls_free(peer);
	return 0;
}
