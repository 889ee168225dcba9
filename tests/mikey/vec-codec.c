/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of encodings: payloads, headers, key data, truncated messages. */
#include <stdio.h>

#include "mikey-vectors.h"
#include "mikey/keydata.h"
#include "mikey/mikey-priv.h"
#include "mikey/policy.h"
#include "reencode.h"
#include "vec-encode.h"

static bool one_payload(struct vec_run *run, const json_t *v)
{
	struct ms_span want = vec_hex(run, v, "hex");
	const char *name = vec_str(run, v, "payload");
	uint8_t octets[8192];
	struct ms_mikey_payload p;
	struct ms_mikey_writer w;
	struct ms_buf b;
	int type;

	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_write_bare(&w, &b);
	type = vec_put_payload(run, &w, name, json_object_get(v, "fields"));
	if (type < 0)
		return vec_fail(run, "unknown payload '%s'", name);
	if (type != MS_MIKEY_P_THDR && (uint64_t)type != vec_int(run, v, "number"))
		return vec_fail(run, "its number is %d", type);
	if (type != MS_MIKEY_P_SIGN)
		octets[0] = (uint8_t)vec_int(run, v, "next");
	if (ms_buf_status(&b) < 0 || !vec_same(run, "encoding", ms_buf_span(&b), want))
		return vec_fail(run, "not encoded");

	/* and back, through the decoded fields */
	if (ms_mikey_payload_decode((unsigned)type, want, &p, NULL) < 0 || p.raw.len != want.len)
		return vec_fail(run, "not decoded");
	ms_buf_reset(&b);
	ms_mikey_write_bare(&w, &b);
	reencode_payload(&w, &p);
	if (type != MS_MIKEY_P_SIGN)
		octets[0] = p.next;
	return vec_same(run, "encoding of what was decoded", ms_buf_span(&b), want);
}

void vec_run_payload(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_payload);
}

static bool one_hdr(struct vec_run *run, const json_t *v)
{
	struct ms_span want = vec_hex(run, v, "hex");
	const json_t *f = json_object_get(v, "fields");
	struct ms_mikey_message *m = vec_alloc(run, sizeof(*m));
	struct ms_mikey_cs cs[MS_MIKEY_CS_MAX];
	struct ms_mikey_hdr h;
	struct ms_mikey_writer w;
	uint8_t octets[4096];
	struct ms_buf b;
	unsigned first;
	size_t len;

	if (!vec_hdr(run, f, &h, cs))
		return false;
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_write_hdr(&w, &b, &h, cs);
	octets[2] = (uint8_t)vec_int(run, v, "next");
	if (!vec_same(run, "encoding", ms_buf_span(&b), want))
		return false;
	if (ms_mikey_hdr_decode(want, m, &first, &len, NULL) < 0 || len != want.len ||
	    first != vec_int(run, v, "next") || m->hdr.n_cs != vec_int(run, v, "n_cs"))
		return vec_fail(run, "not decoded");
	ms_buf_reset(&b);
	ms_mikey_write_hdr(&w, &b, &m->hdr, m->cs);
	octets[2] = (uint8_t)first;
	return vec_same(run, "encoding of what was decoded", ms_buf_span(&b), want);
}

void vec_run_hdr(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_hdr);
}

static bool one_keydata(struct vec_run *run, const json_t *v)
{
	struct ms_span want = vec_hex(run, v, "hex");
	struct ms_mikey_keys keys;
	uint8_t octets[4096];
	struct ms_buf b;

	if (!vec_keys(run, json_object_get(v, "keys"), &keys))
		return false;
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_keys_encode(&b, &keys);
	if (!vec_same(run, "encoding", ms_buf_span(&b), want))
		return false;
	if (ms_mikey_keys_decode(want, &keys, NULL) < 0)
		return vec_fail(run, "not decoded");
	ms_buf_reset(&b);
	ms_mikey_keys_encode(&b, &keys);
	if (!vec_same(run, "encoding of what was decoded", ms_buf_span(&b), want))
		return false;
	for (size_t n = 1; n < want.len; n++) {
		if (ms_mikey_keys_decode(ms_span_sub(want, 0, n), &keys, NULL) == 0)
			return vec_fail(run, "cut to %zu octets it is taken", n);
	}
	return true;
}

void vec_run_keydata(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_keydata);
}

/* Does a message cut to `n` octets, in memory of just that size, give an error? */
static bool refused(struct vec_run *run, struct ms_span input, size_t n)
{
	struct ms_mikey_message *m = vec_alloc(run, sizeof(*m));
	uint8_t *copy = vec_alloc(run, n);

	if (n > 0)
		memcpy(copy, input.p, n);
	return ms_mikey_decode(ms_span_of(copy, n), m, NULL) < 0;
}

/* Each boundary counts as a vector and stands for all lengths from it to the next one. */
static void one_truncation(struct vec_run *run, const json_t *v, const char *id)
{
	json_t *boundaries = json_object_get(v, "boundaries");
	size_t n = json_array_size(boundaries);

	for (size_t i = 0; i < n; i++) {
		struct ms_span input = vec_hex(run, v, "input");
		struct ms_mikey_message *m = vec_alloc(run, sizeof(*m));
		size_t from = (size_t)json_integer_value(json_array_get(boundaries, i));
		size_t to = i + 1 == n
				    ? input.len
				    : (size_t)json_integer_value(json_array_get(boundaries, i + 1));
		char name[300];

		snprintf(name, sizeof(name), "%s@%zu", id, from);
		if (ms_mikey_decode(input, m, NULL) < 0)
			vec_fail(run, "the whole message is not decoded");
		for (size_t len = from; len < to && len < input.len; len++) {
			if (!refused(run, input, len))
				vec_fail(run, "cut to %zu octets it is taken", len);
		}
		vec_end(run, v, name, from < input.len || vec_fail(run, "not in the message"));
	}
}

void vec_run_truncation(struct vec_run *run, json_t *vectors)
{
	size_t i;
	json_t *v;

	json_array_foreach (vectors, i, v) {
		const char *id = vec_str(run, v, "id");

		if (!vec_skip(run, v, id))
			one_truncation(run, v, id);
	}
}
