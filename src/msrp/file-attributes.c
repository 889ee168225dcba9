/* SPDX-License-Identifier: Apache-2.0 */
/* The other attributes of RFC 5547 section 6, and what a repeated offer means (section 8.1). */
#include <errno.h>

#include "msrp/file.h"
#include "msrp/head.h"
#include "msrp/msrp-priv.h"

#define ID_LEN 32
#define SAFE_NAME_MAX 200

int ms_msrp_file_range_parse(struct ms_span value, struct ms_msrp_file_range *ret_r)
{
	struct ms_msrp_file_range r;
	struct ms_span last = value, first = ms_span_cut(&last, '-');

	if (!last.p || ms_span_u64(first, MS_MSRP_SIZE_MAX, &r.first) < 0 || r.first == 0)
		return -EBADMSG;
	if (ms_span_is(last, "*"))
		r.last = MS_MSRP_UNKNOWN;
	else if (ms_span_u64(last, MS_MSRP_SIZE_MAX, &r.last) < 0 || r.last < r.first)
		return -EBADMSG;
	*ret_r = r;
	return 0;
}

void ms_msrp_file_range_put(struct ms_buf *b, const struct ms_msrp_file_range *r)
{
	if (r->last == MS_MSRP_UNKNOWN)
		ms_buf_printf(b, "%llu-*", (unsigned long long)r->first);
	else
		ms_buf_printf(b, "%llu-%llu", (unsigned long long)r->first,
			      (unsigned long long)r->last);
}

int ms_msrp_file_id_put(struct ms_buf *b, const struct ms_random *random)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+";
	uint8_t raw[ID_LEN];
	int err = ms_random_fill(random, raw, sizeof(raw));

	if (err < 0)
		return err;
	for (size_t i = 0; i < sizeof(raw); i++)
		ms_buf_put_u8(b, (uint8_t)alphabet[raw[i] % 64]);
	return ms_buf_status(b);
}

bool ms_msrp_file_id_valid(struct ms_span s)
{
	return s.len <= MS_MSRP_FILE_ID_MAX && msrp_all(s, msrp_is_token_char);
}

static bool is_special(uint8_t c)
{
	return c < 0x20 || c == 0x7F || strchr("<>:\"|?*$&;`'", c);
}

void ms_msrp_file_safe_name(struct ms_buf *b, struct ms_span name)
{
	for (size_t i = name.len; i > 0; i--) {
		if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
			name = ms_span_from(name, i);
			break;
		}
	}
	while (name.len > 0 && (name.p[0] == '.' || name.p[0] == ' '))
		name = ms_span_from(name, 1);
	/* cut at the front of a UTF-8 sequence, not inside */
	if (name.len > SAFE_NAME_MAX) {
		name.len = SAFE_NAME_MAX;
		while (name.len > 0 && (name.p[name.len] & 0xC0) == 0x80)
			name.len--;
	}
	if (name.len == 0)
		name = MS_SPAN_LIT("file");
	for (size_t i = 0; i < name.len; i++)
		ms_buf_put_u8(b, is_special(name.p[i]) ? '_' : name.p[i]);
}

enum ms_msrp_file_offer ms_msrp_file_offer_kind(struct ms_span old_id,
						const struct ms_msrp_file_selector *old_file,
						struct ms_span new_id,
						const struct ms_msrp_file_selector *new_file)
{
	if (!ms_span_eq(old_id, new_id))
		return MS_MSRP_FILE_NEW;
	/* A selector may become more precise (or less) as long as nothing in it differs. */
	if ((old_file->name[0] && new_file->name[0] && strcmp(old_file->name, new_file->name)) ||
	    (old_file->has_size && new_file->has_size && old_file->size != new_file->size) ||
	    (old_file->type[0] && new_file->type[0] &&
	     !ms_span_is_nocase(ms_span_str(old_file->type), new_file->type)) ||
	    (old_file->has_sha1 && new_file->has_sha1 &&
	     memcmp(old_file->sha1, new_file->sha1, sizeof(old_file->sha1)) != 0) ||
	    (old_file->has_sha256 && new_file->has_sha256 &&
	     memcmp(old_file->sha256, new_file->sha256, sizeof(old_file->sha256)) != 0))
		return MS_MSRP_FILE_ERROR;
	return MS_MSRP_FILE_SAME;
}
