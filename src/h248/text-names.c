/* SPDX-License-Identifier: Apache-2.0 */
/* What names something in the text encoding: message and termination identifiers, package items. */
#include "core/ip.h"
#include "h248/text-priv.h"

/* ---- identifiers ---- */

static uint16_t port(struct ms_h248_in *in)
{
	if (in->p == in->end || *in->p != ':')
		return 0;
	in->p++;
	return (uint16_t)ms_h248_in_number(in, UINT16_MAX);
}

/* domainAddress = "[" (IPv4address / IPv6address) "]" */
static void address(struct ms_h248_in *in, struct ms_h248_mid *mid)
{
	const uint8_t *start = ++in->p;
	const uint8_t *end = memchr(start, ']', (size_t)(in->end - start));
	if (!end) {
		ms_h248_in_fail(in, in->syntax, "h248_address", start);
		return;
	}
	in->p = end + 1;
	switch (ms_ip_parse(ms_span_of(start, (size_t)(end - start)), mid->address)) {
	case 4:
		mid->kind = MS_H248_MID_IPV4;
		break;
	case 6:
		mid->kind = MS_H248_MID_IPV6;
		break;
	default:
		ms_h248_in_fail(in, in->syntax, "h248_address", start);
	}
	mid->port = port(in);
}

/* domainName = "<" (ALPHA / DIGIT) *63(ALPHA / DIGIT / "-" / ".") ">" */
static void domain(struct ms_h248_in *in, struct ms_h248_mid *mid)
{
	in->p++;
	mid->kind = MS_H248_MID_DOMAIN;
	mid->name = ms_h248_in_need(in);
	if (mid->name.len > 64 || !ms_h248_all(mid->name, MS_H248_C_PATH))
		ms_h248_in_fail(in, in->syntax, "h248_domain", mid->name.p);
	ms_h248_in_want(in, '>');
	mid->port = port(in);
}

static int digit(uint8_t c)
{
	if (ms_h248_class[c] & MS_H248_C_DIGIT)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Octets of hexadecimal digits, in the arena; a fault if they are not from `min` to `max` octets. */
struct ms_span ms_h248_in_hex(struct ms_h248_in *in, struct ms_span hex, size_t min, size_t max)
{
	uint8_t *to = ms_h248_in_node(in, hex.len / 2 + 1);
	if (!to)
		return MS_SPAN_NULL;
	for (size_t i = 0; i < hex.len; i++) {
		int d = digit(hex.p[i]);
		if (d < 0)
			ms_h248_in_fail(in, in->syntax, "h248_hex", hex.p);
		to[i / 2] = (uint8_t)(to[i / 2] << 4 | (d & 15));
	}
	if (hex.len % 2 || hex.len / 2 < min || hex.len / 2 > max)
		ms_h248_in_fail(in, in->syntax, "h248_hex", hex.p);
	return ms_span_of(to, hex.len / 2);
}

/* mtpAddress = MTPToken LBRKT 4*8 (HEXDIG) RBRKT */
static void mtp(struct ms_h248_in *in, struct ms_h248_mid *mid)
{
	in->p++;
	mid->kind = MS_H248_MID_MTP;
	mid->name = ms_h248_in_hex(in, ms_h248_in_need(in), 2, 4);
	ms_h248_in_want(in, '}');
}

/* mId = (( domainAddress / domainName ) [":" portNumber]) / mtpAddress / deviceName */
struct ms_h248_mid ms_h248_in_mid(struct ms_h248_in *in)
{
	struct ms_h248_mid mid = { 0 };
	switch (ms_h248_in_next(in)) {
	case '[':
		address(in, &mid);
		return mid;
	case '<':
		domain(in, &mid);
		return mid;
	}
	struct ms_span w;
	if (ms_h248_in_token(in, &w) == MS_H248_T_MTP && ms_h248_in_next(in) == '{') {
		mtp(in, &mid);
		return mid;
	}
	mid.kind = MS_H248_MID_DEVICE;
	mid.name = w;
	if (!w.len || w.len > 64 || !ms_h248_all(w, MS_H248_C_PATH))
		ms_h248_in_fail(in, in->syntax, "h248_mid", w.p);
	return mid;
}

/* ContextID = (UINT32 / "*" / "-" / "$") */
uint32_t ms_h248_in_context_id(struct ms_h248_in *in)
{
	static const struct {
		char c;
		uint32_t id;
	} marks[] = { { '-', MS_H248_CONTEXT_NULL },
		      { '$', MS_H248_CONTEXT_CHOOSE },
		      { '*', MS_H248_CONTEXT_ALL } };
	uint8_t c = ms_h248_in_next(in);
	for (size_t i = 0; i < MS_ARRAY_SIZE(marks); i++)
		if (c == marks[i].c) {
			in->p++;
			return marks[i].id;
		}
	return ms_h248_in_number(in, UINT32_MAX);
}

/* TerminationID = "ROOT" / pathNAME / "$" / "*"; a pathNAME has up to 64 characters. */
void ms_h248_in_termination(struct ms_h248_in *in, struct ms_h248_termination *t)
{
	struct ms_span w = ms_h248_in_word(in);
	t->name = w;
	if (!w.len || w.len > 64 || !ms_h248_all(w, MS_H248_C_PATH))
		ms_h248_in_fail(in, w.len ? 410 : in->syntax, "h248_termination_id", w.p);
	else if (w.len == 1 && w.p[0] == '$')
		t->kind = MS_H248_TERMINATION_CHOOSE;
	else if (w.len == 1 && w.p[0] == '*')
		t->kind = MS_H248_TERMINATION_ALL;
	else if (w.len == 4 && ms_span_is_nocase(w, "ROOT"))
		t->kind = MS_H248_TERMINATION_ROOT;
}

struct ms_h248_termination *ms_h248_in_terminations(struct ms_h248_in *in, uint8_t open,
						    uint8_t close)
{
	struct ms_h248_termination *list = NULL, **tail = &list, *t;
	ms_h248_in_want(in, open);
	do {
		t = ms_h248_in_node(in, sizeof(*t));
		if (!t)
			return NULL;
		ms_h248_in_termination(in, t);
		*tail = t;
		tail = &t->next;
	} while (ms_h248_in_is(in, ','));
	ms_h248_in_want(in, close);
	return list;
}

/* errorDescriptor = ErrorToken EQUAL ErrorCode LBRKT [quotedString] RBRKT */
struct ms_h248_error *ms_h248_in_error(struct ms_h248_in *in)
{
	struct ms_h248_error *e = ms_h248_in_node(in, sizeof(*e));
	if (!e)
		return NULL;
	e->code = (uint16_t)ms_h248_in_equal_number(in, 9999);
	ms_h248_in_want(in, '{');
	e->text = ms_h248_in_quoted(in);
	ms_h248_in_want(in, '}');
	return e;
}

/* ---- package items ---- */

/* NAME = ALPHA *63(ALPHA / DIGIT / "_" ), or "*". Packages that begin with a digit are in the field. */
static bool is_name(struct ms_span s)
{
	return s.len && s.len <= 64 && ms_h248_all(s, MS_H248_C_NAME);
}

/* extensionParameter = "X"  ("-" / "+") 1*6(ALPHA / DIGIT) */
bool ms_h248_is_extension(struct ms_span w)
{
	return w.len > 2 && w.len <= 8 && (w.p[0] | 0x20) == 'x' &&
	       (w.p[1] == '-' || w.p[1] == '+') && ms_h248_all(ms_span_from(w, 2), MS_H248_C_NAME);
}

/* pkgdName = (PackageName / "*") SLASH (ItemID / "*") */
void ms_h248_in_name(struct ms_h248_in *in, struct ms_span word, struct ms_h248_name *name)
{
	size_t slash = ms_span_find(word, '/');
	name->package = ms_span_sub(word, 0, slash);
	name->item = ms_span_from(word, slash + 1);
	if (!is_name(name->package) || !is_name(name->item))
		ms_h248_in_fail(in, in->syntax, "h248_item_name", word.p);
}

static void one_value(struct ms_h248_in *in, struct ms_h248_param *p,
		      enum ms_h248_relation relation)
{
	p->relation = relation;
	in->p++;
	p->values = ms_h248_in_value(in);
}

/* VALUE *(COMMA VALUE) `close`, or VALUE COLON VALUE "]" */
static void several(struct ms_h248_in *in, struct ms_h248_param *p, enum ms_h248_relation relation,
		    uint8_t close)
{
	struct ms_h248_value **tail = &p->values;
	p->relation = relation;
	in->p++;
	do {
		*tail = ms_h248_in_value(in);
		if (!*tail)
			return;
		tail = &(*tail)->next;
	} while (ms_h248_in_is(in, ','));
	if (close == ']' && p->values && !p->values->next && ms_h248_in_is(in, ':')) {
		p->relation = MS_H248_RANGE;
		*tail = ms_h248_in_value(in);
	}
	ms_h248_in_want(in, close);
}

/* alternativeValue, after "=" */
static void alternatives(struct ms_h248_in *in, struct ms_h248_param *p)
{
	in->p++;
	switch (ms_h248_in_next(in)) {
	case '[':
		several(in, p, MS_H248_ALL_OF, ']');
		return;
	case '{':
		several(in, p, MS_H248_ANY_OF, '}');
		return;
	default:
		p->values = ms_h248_in_value(in);
	}
}

/* parmValue = (EQUAL alternativeValue / INEQUAL VALUE) */
static void parm_value(struct ms_h248_in *in, struct ms_h248_param *p)
{
	switch (ms_h248_in_next(in)) {
	case '=':
		alternatives(in, p);
		return;
	case '>':
		one_value(in, p, MS_H248_GREATER);
		return;
	case '<':
		one_value(in, p, MS_H248_LESS);
		return;
	case '#':
		one_value(in, p, MS_H248_UNEQUAL);
		return;
	default:
		if (!in->audit)
			ms_h248_in_fail(in, in->syntax, "h248_no_value", NULL);
	}
}

struct ms_h248_param **ms_h248_in_param(struct ms_h248_in *in, struct ms_span word, bool package,
					struct ms_h248_param **tail)
{
	struct ms_h248_param *p = ms_h248_in_node(in, sizeof(*p));
	if (!p)
		return tail;
	if (package)
		ms_h248_in_name(in, word, &p->name);
	else if (is_name(word) || ms_h248_is_extension(word))
		p->name.item = word;
	else
		ms_h248_in_fail(in, in->syntax, "h248_parameter_name", word.p);
	parm_value(in, p);
	*tail = p;
	return &p->next;
}

/* statisticsParameter = pkgdName [EQUAL VALUE]; v3 also a list of values */
void ms_h248_in_statistics(struct ms_h248_in *in, struct ms_h248_param **list)
{
	bool audit = in->audit;
	if (ms_h248_in_next(in) != '{' || !ms_h248_in_open(in))
		return;
	in->audit = true;
	do {
		list = ms_h248_in_param(in, ms_h248_in_need(in), true, list);
	} while (ms_h248_in_more(in));
	in->audit = audit;
}
