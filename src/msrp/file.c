/* SPDX-License-Identifier: Apache-2.0 */
/* a=file-selector: RFC 5547 section 6. */
#include <errno.h>

#include "core/hex.h"
#include "msrp/file.h"
#include "msrp/head.h"
#include "msrp/msrp-priv.h"
#include "msrp/types.h"

/* filename-char: any octet but NUL, CR, LF, double quotes and percent */
static bool is_filename_char(uint8_t c)
{
	return c != 0 && c != '\r' && c != '\n' && c != '"' && c != '%';
}

/* filename-string with its percent-escapes decoded */
static int decode_name(struct ms_span s, char *dst, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (c == '%') {
			int hi = i + 2 < s.len ? ms_hex_digit(s.p[i + 1]) : -1;
			int lo = i + 2 < s.len ? ms_hex_digit(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi | lo) == 0)
				return -EBADMSG;
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		} else if (!is_filename_char(c)) {
			return -EBADMSG;
		}
		if (n + 1 >= size)
			return -EMSGSIZE;
		dst[n++] = (char)c;
	}
	dst[n] = '\0';
	return n > 0 ? 0 : -EBADMSG;
}

/* What a local file system could take for a directory, and what the grammar excludes, is escaped. */
static void put_name(struct ms_buf *b, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *name; name++) {
		uint8_t c = (uint8_t)*name;

		if (is_filename_char(c) && c != '/' && c != '\\' && c >= 0x20) {
			ms_buf_put_u8(b, c);
		} else {
			ms_buf_put_u8(b, '%');
			ms_buf_put_u8(b, (uint8_t)digits[c >> 4]);
			ms_buf_put_u8(b, (uint8_t)digits[c & 15]);
		}
	}
}

/* Takes a quoted string off the front: its contents. */
static int take_quoted(struct ms_span *rest, struct ms_span *ret_s)
{
	size_t end;

	if (rest->len == 0 || rest->p[0] != '"')
		return -EBADMSG;
	*rest = ms_span_from(*rest, 1);
	end = ms_span_find(*rest, '"');
	if (end == rest->len)
		return -EBADMSG;
	*ret_s = ms_span_sub(*rest, 0, end);
	*rest = ms_span_from(*rest, end + 1);
	return 0;
}

static int read_name(struct ms_span *rest, struct ms_msrp_file_selector *s)
{
	struct ms_span name;

	if (s->name[0] != '\0' || take_quoted(rest, &name) < 0)
		return -EBADMSG;
	return decode_name(name, s->name, sizeof(s->name));
}

static int read_size(struct ms_span *rest, struct ms_msrp_file_selector *s)
{
	size_t end = ms_span_find(*rest, ' ');

	if (s->has_size || ms_span_u64(ms_span_sub(*rest, 0, end), MS_MSRP_SIZE_MAX, &s->size) < 0)
		return -EBADMSG;
	s->has_size = true;
	*rest = ms_span_from(*rest, end);
	return 0;
}

/* type "/" subtype *( ";" attribute "=" DQUOTE value-string DQUOTE ): the value's escapes stay */
static int read_type(struct ms_span *rest, struct ms_msrp_file_selector *s)
{
	struct ms_span all = *rest;
	size_t n = 0;

	while (n < all.len && all.p[n] != ' ') {
		if (all.p[n] == '"') {
			n += 1 + ms_span_find(ms_span_from(all, n + 1), '"');
			if (n >= all.len)
				return -EBADMSG;
		}
		n++;
	}
	all = ms_span_sub(all, 0, n);
	if (s->type[0] != '\0' || !ms_msrp_type_valid(all))
		return -EBADMSG;
	*rest = ms_span_from(*rest, n);
	return ms_span_to_str(all, s->type, sizeof(s->type)) < 0 ? -EMSGSIZE : 0;
}

/* 2HEXDIG *( ":" 2HEXDIG ), exactly `n` of them */
static int read_hash_value(struct ms_span text, uint8_t *dst, size_t n)
{
	if (text.len != 3 * n - 1)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		int hi = ms_hex_digit(text.p[3 * i]), lo = ms_hex_digit(text.p[3 * i + 1]);

		if (hi < 0 || lo < 0 || (i + 1 < n && text.p[3 * i + 2] != ':'))
			return -EBADMSG;
		dst[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

static int read_hash(struct ms_span *rest, struct ms_msrp_file_selector *s)
{
	size_t end = ms_span_find(*rest, ' ');
	struct ms_span value = ms_span_sub(*rest, 0, end), algorithm = ms_span_cut(&value, ':');
	int err = 0;

	*rest = ms_span_from(*rest, end);
	if (!value.p || !msrp_all(algorithm, msrp_is_token_char))
		return -EBADMSG;
	if (ms_span_is_nocase(algorithm, "sha-1")) {
		err = s->has_sha1 ? -EBADMSG : read_hash_value(value, s->sha1, sizeof(s->sha1));
		s->has_sha1 = true;
	} else if (ms_span_is_nocase(algorithm, "sha-256")) {
		err = s->has_sha256 ? -EBADMSG
				    : read_hash_value(value, s->sha256, sizeof(s->sha256));
		s->has_sha256 = true;
	}
	return err;
}

static const struct {
	struct ms_span word;
	int (*read)(struct ms_span *rest, struct ms_msrp_file_selector *s);
} selectors[] = {
	{ MS_SPAN_LIT("name:"), read_name },
	{ MS_SPAN_LIT("size:"), read_size },
	{ MS_SPAN_LIT("type:"), read_type },
	{ MS_SPAN_LIT("hash:"), read_hash },
};

static int read_selector(struct ms_span *rest, struct ms_msrp_file_selector *s)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(selectors); i++) {
		if (ms_span_starts_nocase(*rest, selectors[i].word)) {
			*rest = ms_span_from(*rest, selectors[i].word.len);
			return selectors[i].read(rest, s);
		}
	}
	return -EBADMSG;
}

int ms_msrp_file_selector_parse(struct ms_span value, struct ms_msrp_file_selector *ret_s)
{
	struct ms_msrp_file_selector s = { .has_size = false };
	struct ms_span rest = ms_span_trim(value);

	while (rest.len > 0) {
		int err = read_selector(&rest, &s);

		if (err < 0)
			return err;
		if (rest.len > 0 && rest.p[0] != ' ')
			return -EBADMSG;
		while (rest.len > 0 && rest.p[0] == ' ')
			rest = ms_span_from(rest, 1);
	}
	*ret_s = s;
	return 0;
}

static void put_hash(struct ms_buf *b, const char *word, const uint8_t *hash, size_t n)
{
	ms_buf_put_str(b, word);
	for (size_t i = 0; i < n; i++)
		ms_buf_printf(b, "%s%02X", i > 0 ? ":" : "", hash[i]);
	ms_buf_put_u8(b, ' ');
}

void ms_msrp_file_selector_put(struct ms_buf *b, const struct ms_msrp_file_selector *s)
{
	size_t start = b->len;

	if (s->name[0] != '\0') {
		ms_buf_put_str(b, "name:\"");
		put_name(b, s->name);
		ms_buf_put_str(b, "\" ");
	}
	if (s->type[0] != '\0') {
		ms_buf_put_str(b, "type:");
		ms_buf_put_str(b, s->type);
		ms_buf_put_u8(b, ' ');
	}
	if (s->has_size)
		ms_buf_printf(b, "size:%llu ", (unsigned long long)s->size);
	if (s->has_sha1)
		put_hash(b, "hash:sha-1:", s->sha1, sizeof(s->sha1));
	if (s->has_sha256)
		put_hash(b, "hash:sha-256:", s->sha256, sizeof(s->sha256));
	if (b->len > start)
		ms_buf_truncate(b, b->len - 1);
}

bool ms_msrp_file_selector_any(const struct ms_msrp_file_selector *s)
{
	return s->name[0] || s->type[0] || s->has_size || s->has_sha1 || s->has_sha256;
}

static bool hash_fits(bool wanted, bool known, const uint8_t *a, const uint8_t *b, size_t n)
{
	return !wanted || (known && memcmp(a, b, n) == 0);
}

bool ms_msrp_file_selector_matches(const struct ms_msrp_file_selector *wanted,
				   const struct ms_msrp_file_selector *file)
{
	struct ms_span type = ms_msrp_type_essence(ms_span_str(wanted->type));

	if (wanted->name[0] && !ms_span_is(ms_span_str(wanted->name), file->name))
		return false;
	if (type.len > 0 && !ms_span_eq_nocase(type, ms_msrp_type_essence(ms_span_str(file->type))))
		return false;
	if (wanted->has_size && (!file->has_size || wanted->size != file->size))
		return false;
	return hash_fits(wanted->has_sha1, file->has_sha1, wanted->sha1, file->sha1,
			 sizeof(wanted->sha1)) &&
	       hash_fits(wanted->has_sha256, file->has_sha256, wanted->sha256, file->sha256,
			 sizeof(wanted->sha256));
}
