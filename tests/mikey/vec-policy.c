/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of policy rules and of SDP. */
#include <stdio.h>

#include "mikey-vectors.h"
#include "mikey/keymgmt.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"
#include "mikey/writer.h"

static bool listed(const json_t *list, unsigned word)
{
	size_t i;
	json_t *v;

	json_array_foreach ((json_t *)list, i, v) {
		if (json_integer_value(v) == (json_int_t)word)
			return true;
	}
	return false;
}

/* Of all 4096 words exactly the listed ones are consistent. */
static bool check_words(struct vec_run *run, const json_t *list, bool has_tgk)
{
	if (!list || json_is_null(list))
		return true;
	for (unsigned word = 0; word < 4096; word++) {
		if ((ms_mikey_flags_check(word, has_tgk) == NULL) != listed(list, word))
			return vec_fail(run, "word %u%s", word, has_tgk ? " with a TGK" : "");
	}
	return true;
}

static bool check_rule(struct vec_run *run, const json_t *violated, unsigned flags, bool has_tgk)
{
	const char *rule = ms_mikey_flags_check(flags, has_tgk);
	size_t i;
	json_t *v;

	if (!rule)
		return json_array_size(violated) == 0 || vec_fail(run, "found consistent");
	json_array_foreach ((json_t *)violated, i, v) {
		if (strcmp(json_string_value(v), rule) == 0)
			return true;
	}
	return vec_fail(run, "found to break %s", rule);
}

static bool one_example(struct vec_run *run, const json_t *v, const json_t *all)
{
	unsigned flags = vec_flags(run, v, "flags");
	char text[MS_MIKEY_FLAGS_TEXT];

	if (flags != vec_int(run, v, "word12"))
		return vec_fail(run, "letters give %u", flags);
	if (strcmp(ms_mikey_flags_text(flags, text), vec_str(run, v, "flags")) != 0)
		return vec_fail(run, "letters come out as %s", text);
	return check_rule(run, json_object_get(v, "violated"), flags, false) &&
	       check_rule(run, json_object_get(v, "violated_with_tgk"), flags, true) &&
	       check_words(run, json_object_get(all, "words"), false) &&
	       check_words(run, json_object_get(all, "words_with_tgk"), true);
}

static bool one_match(struct vec_run *run, const json_t *v)
{
	struct ms_mikey_id pattern = { (uint8_t)vec_int(run, v, "pattern_type"),
				       ms_span_str(vec_str(run, v, "pattern")) };
	struct ms_mikey_id id = { (uint8_t)vec_int(run, v, "type"),
				  ms_span_str(vec_str(run, v, "identity")) };
	bool match = ms_mikey_id_match(&pattern, &id, '?');

	return match == json_is_true(json_object_get(v, "match")) ||
	       vec_fail(run, match ? "matches" : "does not match");
}

static bool one_time(struct vec_run *run, const json_t *v)
{
	struct ms_mikey_ts t = vec_ts(run, v, "ts_type", "ts");
	ms_usec unix_time = (ms_usec)vec_int(run, v, "unix") * MS_SEC;
	struct ms_mikey_ts back;
	uint64_t seconds;
	ms_usec usec;

	if (ms_mikey_ts_seconds(&t, &seconds) < 0 || ms_mikey_ts_to_usec(&t, &usec) < 0)
		return vec_fail(run, "not read");
	if (seconds != vec_int(run, v, "seconds_since_1900"))
		return vec_fail(run, "%llu seconds", (unsigned long long)seconds);
	if (usec < unix_time || usec >= unix_time + MS_SEC)
		return vec_fail(run, "%lld usec", (long long)usec);
	back = ms_mikey_ts_of((enum ms_mikey_ts_type)t.type, usec);
	return back.value == t.value || vec_fail(run, "not written the same");
}

static bool one_validity(struct vec_run *run, const json_t *v)
{
	struct ms_mikey_policy p = {
		.start = vec_ts(run, v, "ts_type", "trs"),
		.end = vec_ts(run, v, "ts_type", "tre"),
	};
	ms_usec now = (ms_usec)vec_int(run, v, "now_unix") * MS_SEC;
	bool valid = ms_mikey_policy_validity(&p, now) == MS_MIKEY_VALID;

	return valid == json_is_true(json_object_get(v, "valid")) ||
	       vec_fail(run, valid ? "valid" : "not valid");
}

/* Entries of these lists have no "id": their list and place name them. */
static void each_of(struct vec_run *run, const json_t *all, const char *name,
		    bool (*one)(struct vec_run *, const json_t *))
{
	json_t *list = json_object_get(all, name);
	char id[64];
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v) {
		snprintf(id, sizeof(id), "%s %zu", name, i);
		if (!vec_skip(run, v, id))
			vec_end(run, v, id, one(run, v));
	}
}

void vec_run_policy(struct vec_run *run, json_t *vectors)
{
	const json_t *flags = json_object_get(vectors, "flags");
	json_t *examples = json_object_get(flags, "examples");
	char id[64];
	size_t i;
	json_t *v;

	json_array_foreach (examples, i, v) {
		snprintf(id, sizeof(id), "flags %zu", i);
		vec_end(run, v, id, one_example(run, v, flags));
	}
	each_of(run, vectors, "identity_match", one_match);
	each_of(run, vectors, "time", one_time);
	each_of(run, vectors, "validity", one_validity);
}

static bool sdp_line(struct vec_run *run, const json_t *v)
{
	struct ms_span line = ms_span_str(vec_str(run, v, "line"));
	struct ms_span protocol;
	uint8_t octets[4096];
	char again[8192];
	struct ms_buf data, text;
	int err;

	ms_buf_init_fixed(&data, octets, sizeof(octets));
	err = ms_mikey_keymgmt_line(line, &protocol, &data);
	if (!json_is_true(json_object_get(v, "accept")))
		return err < 0 || vec_fail(run, "taken");
	if (err < 0)
		return vec_fail(run, "not taken");
	if (!vec_same(run, "protocol", protocol, ms_span_str(vec_str(run, v, "protocol"))) ||
	    !vec_same(run, "data", ms_buf_span(&data), vec_hex(run, v, "data")))
		return false;
	if (!ms_span_is(protocol, "mikey") || ms_span_starts(line, MS_SPAN_LIT("a=key-mgmt: ")))
		return true;
	ms_buf_init_fixed(&text, again, sizeof(again));
	ms_buf_put_str(&text, "a=key-mgmt:");
	ms_mikey_keymgmt_encode(&text, ms_buf_span(&data));
	return vec_same(run, "line", ms_buf_span(&text), line);
}

static bool cs_numbers(struct vec_run *run, const json_t *m_lines)
{
	unsigned next = 1;
	size_t i, j;
	json_t *line, *id;

	json_array_foreach ((json_t *)m_lines, i, line) {
		bool srtp = ms_mikey_proto_is_srtp(ms_span_str(vec_str(run, line, "proto")));
		json_t *ids = json_object_get(line, "cs_ids");
		unsigned first = ms_mikey_cs_number(&next, srtp);

		if (json_array_size(ids) != (srtp ? 2 : 1))
			return vec_fail(run, "m-line %zu", i);
		json_array_foreach (ids, j, id) {
			if (json_integer_value(id) != (json_int_t)(first + j))
				return vec_fail(run, "m-line %zu starts with %u", i, first);
		}
	}
	return true;
}

static bool sdp_ids(struct vec_run *run, const json_t *v)
{
	json_t *offered = json_object_get(v, "offered");
	struct ms_span names[16];
	size_t n = json_array_size(offered);
	char joined[256];
	uint8_t octets[300];
	struct ms_mikey_writer w;
	struct ms_buf list, b;

	for (size_t i = 0; i < n && i < MS_ARRAY_SIZE(names); i++)
		names[i] = ms_span_str(json_string_value(json_array_get(offered, i)));
	ms_buf_init_fixed(&list, joined, sizeof(joined));
	ms_mikey_sdp_ids(&list, names, n);
	ms_buf_init_fixed(&b, octets, sizeof(octets));
	ms_mikey_write_bare(&w, &b);
	ms_mikey_put_ext(&w, MS_MIKEY_EXT_SDP_IDS, ms_buf_span(&list));
	octets[0] = MS_MIKEY_P_V;
	return vec_same(run, "extension", ms_buf_span(&b), vec_hex(run, v, "ext_payload_next9"));
}

static bool one_sdp(struct vec_run *run, const json_t *v)
{
	if (json_object_get(v, "line"))
		return sdp_line(run, v);
	if (json_object_get(v, "m_lines"))
		return cs_numbers(run, json_object_get(v, "m_lines"));
	if (json_object_get(v, "offered"))
		return sdp_ids(run, v);
	return vec_fail(run, "nothing known in it");
}

void vec_run_sdp(struct vec_run *run, json_t *vectors)
{
	vec_each(run, vectors, one_sdp);
}
