/* SPDX-License-Identifier: Apache-2.0 */
/* Media types and lists of them: RFC 4975 sections 8.6 and 9. */
#include "msrp/types.h"
#include "msrp/msrp-priv.h"

/* One quoted-string at the start of s: its length, or 0. */
static size_t quoted_length(struct ms_span s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
		else if (s.p[i] < 0x20 && s.p[i] != '\t')
			return 0;
	}
	return 0;
}

static size_t token_length(struct ms_span s)
{
	size_t n = 0;

	while (n < s.len && msrp_is_token_char(s.p[n]))
		n++;
	return n;
}

static struct ms_span skip_blanks(struct ms_span s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = ms_span_from(s, 1);
	return s;
}

/* *( ";" pname [ "=" pval ] ), with the blanks that MIME allows */
static bool parameters_valid(struct ms_span s)
{
	for (s = skip_blanks(s); s.len > 0; s = skip_blanks(s)) {
		size_t n;

		if (s.p[0] != ';')
			return false;
		s = skip_blanks(ms_span_from(s, 1));
		n = token_length(s);
		if (n == 0)
			return false;
		s = ms_span_from(s, n);
		if (s.len == 0 || s.p[0] != '=')
			continue;
		s = ms_span_from(s, 1);
		n = s.len > 0 && s.p[0] == '"' ? quoted_length(s) : token_length(s);
		if (n == 0)
			return false;
		s = ms_span_from(s, n);
	}
	return true;
}

struct ms_span ms_msrp_type_essence(struct ms_span type)
{
	size_t major = token_length(type);
	size_t minor;

	if (major == 0 || major >= type.len || type.p[major] != '/')
		return MS_SPAN_NULL;
	minor = token_length(ms_span_from(type, major + 1));
	return minor > 0 ? ms_span_sub(type, 0, major + 1 + minor) : MS_SPAN_NULL;
}

bool ms_msrp_type_valid(struct ms_span type)
{
	struct ms_span essence = ms_msrp_type_essence(type);

	return essence.len > 0 && parameters_valid(ms_span_from(type, essence.len));
}

/* A list entry ends at a space outside quotes. */
static struct ms_span next_entry(struct ms_span *list)
{
	struct ms_span s = *list;
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ') {
		size_t q = s.p[n] == '"' ? quoted_length(ms_span_from(s, n)) : 1;

		n += q > 0 ? q : 1;
	}
	*list = ms_span_from(s, n + 1);
	return ms_span_sub(s, 0, n);
}

static bool entry_admits(struct ms_span entry, struct ms_span essence)
{
	struct ms_span wanted;

	if (ms_span_is(entry, "*"))
		return true;
	wanted = ms_msrp_type_essence(entry);
	if (wanted.len > 2 && wanted.p[wanted.len - 1] == '*' && wanted.p[wanted.len - 2] == '/')
		return ms_span_starts_nocase(essence, ms_span_sub(wanted, 0, wanted.len - 1));
	return wanted.len > 0 && ms_span_eq_nocase(wanted, essence);
}

bool ms_msrp_types_admit(struct ms_span list, struct ms_span type)
{
	struct ms_span essence;

	if (!ms_msrp_type_valid(type))
		return false;
	essence = ms_msrp_type_essence(type);
	while (list.len > 0) {
		if (entry_admits(next_entry(&list), essence))
			return true;
	}
	return false;
}

bool ms_msrp_types_valid(struct ms_span list)
{
	unsigned n = 0;

	while (list.len > 0) {
		struct ms_span entry = next_entry(&list);

		if (entry.len == 0)
			continue;
		if (!ms_span_is(entry, "*") && !ms_msrp_type_valid(entry))
			return false;
		n++;
	}
	return n > 0;
}
