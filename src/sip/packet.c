/* SPDX-License-Identifier: Apache-2.0 */
/* Reading messages for proxies: RFC 3261 sections 7, 16.3 and 18.3. See packet.h. */
#include "sip/packet.h"

#include <errno.h>

#include "core/alloc.h"
#include "sip/frame-priv.h"
#include "sip/text-priv.h"

static int bad(struct ms_fault *f, const char *reason)
{
	return ms_fault_set(f, -EBADMSG, 400, reason, 0);
}

/* ---- names ---- */

bool ms_sip_name_is(struct ms_span name, const char *full)
{
	/* The registry of compact forms. */
	static const struct {
		char letter;
		const char *name;
	} compact[] = {
		{ 'a', "Accept-Contact" },
		{ 'b', "Referred-By" },
		{ 'c', "Content-Type" },
		{ 'd', "Request-Disposition" },
		{ 'e', "Content-Encoding" },
		{ 'f', "From" },
		{ 'i', "Call-ID" },
		{ 'j', "Reject-Contact" },
		{ 'k', "Supported" },
		{ 'l', "Content-Length" },
		{ 'm', "Contact" },
		{ 'n', "Identity-Info" },
		{ 'o', "Event" },
		{ 'r', "Refer-To" },
		{ 's', "Subject" },
		{ 't', "To" },
		{ 'u', "Allow-Events" },
		{ 'v', "Via" },
		{ 'x', "Session-Expires" },
		{ 'y', "Identity" },
	};

	if (name.len != 1)
		return ms_span_is_nocase(name, full);
	for (size_t i = 0; i < MS_ARRAY_SIZE(compact); i++)
		if ((name.p[0] | 0x20) == compact[i].letter)
			return ms_span_is_nocase(ms_span_str(full), compact[i].name);
	return false;
}

/* ---- lines ---- */

/* The end of the line at `off`, continuations included: the offset behind its LF. */
static size_t line_end(struct ms_span s, size_t off)
{
	do {
		off += ms_span_find(ms_span_from(s, off), '\n') + 1;
	} while (off < s.len && (s.p[off] == ' ' || s.p[off] == '\t'));
	return off < s.len ? off : s.len;
}

/* Section 7.3.1: a continuation is as good as a blank. CR or NUL elsewhere is nothing a peer needs. */
static bool unfold(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\0')
			return false;
		if (p[i] == '\r' || p[i] == '\n')
			p[i] = ' ';
	}
	return true;
}

static bool is_name(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '<')
			return false;
	return s.len > 0;
}

static int take_line(struct ms_sip_packet *p, size_t off, size_t len)
{
	struct ms_span s;
	size_t colon;

	if (!unfold(p->octets + off, len) || p->n_lines == MS_SIP_LINES_MAX)
		return -EBADMSG;
	s = ms_span_of(p->octets + off, len);
	colon = ms_span_find(s, ':');
	p->line[p->n_lines].name = ms_span_trim(ms_span_sub(s, 0, colon));
	p->line[p->n_lines].value = ms_span_trim(ms_span_from(s, colon + 1));
	return colon < s.len && is_name(p->line[p->n_lines++].name) ? 0 : -EBADMSG;
}

static size_t count_lines(struct ms_span head)
{
	size_t n = 0;

	for (size_t i = 0; i < head.len; i++)
		n += head.p[i] == '\n';
	return n < MS_SIP_LINES_MAX ? n : MS_SIP_LINES_MAX;
}

static int take_lines(struct ms_sip_packet *p, struct ms_span head, size_t off)
{
	p->line = ms_calloc(count_lines(head) + 1, sizeof(*p->line));
	if (!p->line)
		return -ENOMEM;
	while (off < head.len) {
		size_t end = line_end(head, off);

		if (ms_span_trim(ms_span_sub(head, off, end - off)).len == 0)
			return 0;
		if (take_line(p, off, end - off) < 0)
			return -EBADMSG;
		off = end;
	}
	return 0;
}

/* ---- the start line ---- */

static int take_request_line(struct ms_sip_packet *p, struct ms_span line, struct ms_fault *f)
{
	struct ms_span rest = line;

	p->request = true;
	p->method = ms_span_cut(&rest, ' ');
	p->uri = ms_span_cut(&rest, ' ');
	if (!is_name(p->method) || !is_name(p->uri))
		return bad(f, "start_line");
	if (!ms_span_is_nocase(rest, "SIP/2.0"))
		return ms_span_starts_nocase(rest, MS_SPAN_LIT("SIP/"))
			       ? ms_fault_set(f, -EBADMSG, 505, "version", 0)
			       : bad(f, "start_line");
	return 0;
}

static int take_status_line(struct ms_sip_packet *p, struct ms_span line, struct ms_fault *f)
{
	struct ms_span rest = line;
	uint64_t v;

	(void)ms_span_cut(&rest, ' ');
	if (ms_span_u64(ms_span_cut(&rest, ' '), 699, &v) < 0 || v < 100)
		return bad(f, "start_line");
	p->status = (unsigned)v;
	p->reason = rest;
	return 0;
}

static int take_start(struct ms_sip_packet *p, struct ms_span head, size_t *ret_off,
		      struct ms_fault *f)
{
	size_t end = ms_span_find(head, '\n');
	struct ms_span line;

	if (end == head.len || !unfold(p->octets, end))
		return bad(f, "start_line");
	line = ms_span_trim(ms_span_sub(head, 0, end));
	*ret_off = end + 1;
	return ms_span_starts_nocase(line, MS_SPAN_LIT("SIP/2.0 ")) ? take_status_line(p, line, f)
								    : take_request_line(p, line, f);
}

/* ---- what is understood ---- */

/* Letters, digits and what else stands in host names, addresses and transports. */
static bool is_plain(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i] | 0x20;

		if (!(c >= 'a' && c <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !strchr("-._:", s.p[i]))
			return false;
	}
	return s.len > 0;
}

static int take_via(struct ms_sip_packet *p)
{
	struct ms_span via = ms_sip_packet_get(p, "Via"), version, value, hostport;
	struct ms_sip_via *v = &p->via;
	uint64_t port;

	via = ms_span_sub(via, 0, ms_sip_list_end(via));
	/* Nobody quotes there, and an open quote would swallow what is appended. */
	if (ms_span_find(via, '"') < via.len || ms_span_find(via, '<') < via.len)
		return -EBADMSG;
	version = ms_span_cut(&via, '/');
	if (!ms_span_is_nocase(ms_span_trim(version), "SIP") ||
	    !ms_span_is(ms_span_trim(ms_span_cut(&via, '/')), "2.0"))
		return -EBADMSG;
	via = ms_span_trim(via);
	v->transport = ms_span_sub(via, 0, ms_span_find(via, ' '));
	via = ms_span_trim(ms_span_from(via, v->transport.len));
	v->sent_by = ms_span_trim(ms_span_sub(via, 0, ms_span_find(via, ';')));
	v->params = ms_span_from(via, ms_span_find(via, ';'));
	hostport = v->sent_by;
	if (hostport.len > 0 && hostport.p[0] == '[') {
		v->host = ms_span_sub(hostport, 1, ms_span_find(hostport, ']') - 1);
		hostport = ms_span_from(hostport, v->host.len + 2);
		(void)ms_span_cut(&hostport, ':');
	} else {
		v->host = ms_span_trim(ms_span_cut(&hostport, ':'));
	}
	hostport = ms_span_trim(hostport);
	if (hostport.len > 0) {
		if (ms_span_u64(hostport, UINT16_MAX, &port) < 0)
			return -EBADMSG;
		v->port = (uint16_t)port;
	}
	if (ms_sip_param(v->params, "branch", &value))
		v->branch = value;
	v->rport = ms_sip_param(v->params, "rport", &value);
	return is_plain(v->host) && is_plain(v->transport) ? 0 : -EBADMSG;
}

static int take_tag(const struct ms_sip_packet *p, const char *name, struct ms_span *ret_tag)
{
	struct ms_sip_address a;

	if (!ms_sip_packet_address(p, name, 0, &a))
		return -EBADMSG;
	if (!ms_sip_param(a.params, "tag", ret_tag))
		*ret_tag = MS_SPAN_NULL;
	return 0;
}

static int take_cseq(struct ms_sip_packet *p)
{
	struct ms_span rest = ms_sip_packet_get(p, "CSeq");
	struct ms_span number = ms_span_trim(ms_span_cut(&rest, ' '));
	uint64_t v;

	rest = ms_span_trim(rest);
	if (ms_span_u64(number, INT32_MAX, &v) < 0 || !is_name(rest))
		return -EBADMSG;
	if (p->request && !ms_span_eq(rest, p->method))
		return -EBADMSG;
	p->cseq = (uint32_t)v;
	p->method = rest;
	return 0;
}

static int take_max_forwards(struct ms_sip_packet *p)
{
	struct ms_span value;
	uint64_t v;

	p->max_forwards = 70;
	if (!p->request || !ms_sip_packet_line(p, "Max-Forwards", 0, &value))
		return 0;
	if (ms_span_u64(value, 255, &v) < 0)
		return -EBADMSG;
	p->max_forwards = (unsigned)v;
	return 0;
}

/* Section 18.3: with Content-Length what is behind is dropped; two that differ are nobody's length. */
static int take_body(struct ms_sip_packet *p, struct ms_span rest)
{
	struct ms_span value;
	uint64_t n = rest.len, other;

	for (size_t i = 0; ms_sip_packet_line(p, "Content-Length", i, &value); i++) {
		if (ms_span_u64(value, rest.len, &other) < 0 || (i > 0 && other != n))
			return -EBADMSG;
		n = other;
	}
	p->body = ms_span_sub(rest, 0, (size_t)n);
	return 0;
}

static bool once(const struct ms_sip_packet *p, const char *name)
{
	struct ms_span value;

	return ms_sip_packet_line(p, name, 0, &value) && !ms_sip_packet_line(p, name, 1, &value);
}

static int understand(struct ms_sip_packet *p, struct ms_span body, struct ms_fault *f)
{
	if (take_via(p) < 0)
		return bad(f, "via");
	/* Who reads the other one of two would see another dialog. */
	if (!once(p, "From") || !once(p, "To") || !once(p, "Call-ID") || !once(p, "CSeq"))
		return bad(f, "header_count");
	if (take_tag(p, "From", &p->from_tag) < 0 || take_tag(p, "To", &p->to_tag) < 0)
		return bad(f, "from_to");
	p->call_id = ms_sip_packet_get(p, "Call-ID");
	if (!is_name(p->call_id) || take_cseq(p) < 0)
		return bad(f, "cseq");
	if (take_max_forwards(p) < 0)
		return bad(f, "max_forwards");
	return take_body(p, body) < 0 ? bad(f, "content_length") : 0;
}

/* ---- the message ---- */

/* Octets up to and with the empty line. */
static size_t head_length(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] != '\n')
			continue;
		if (i + 1 < s.len && s.p[i + 1] == '\n')
			return i + 2;
		if (i + 2 < s.len && s.p[i + 1] == '\r' && s.p[i + 2] == '\n')
			return i + 3;
	}
	return s.len;
}

static int read_into(struct ms_sip_packet *p, size_t len, struct ms_fault *f)
{
	struct ms_span all = ms_span_of(p->octets, len), head;
	size_t off;
	int err;

	head = ms_span_sub(all, 0, head_length(all));
	err = take_start(p, head, &off, f);
	if (err == 0) {
		err = take_lines(p, head, off);
		if (err == -EBADMSG)
			err = bad(f, "header");
	}
	return err ? err : understand(p, ms_span_from(all, head.len), f);
}

int ms_sip_packet_read(struct ms_span octets, struct ms_sip_packet **ret_p, struct ms_fault *f)
{
	struct ms_sip_packet *p = ms_zalloc(sizeof(*p));
	int err = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->holders = 1;
	p->octets = ms_zalloc(octets.len + 1);
	if (p->octets) {
		if (octets.len > 0)
			memcpy(p->octets, octets.p, octets.len);
		err = read_into(p, octets.len, f);
	}
	if (err < 0)
		ms_sip_packet_unref(p);
	else
		*ret_p = p;
	return err;
}

struct ms_sip_packet *ms_sip_packet_ref(struct ms_sip_packet *p)
{
	p->holders++;
	return p;
}

struct ms_sip_packet *ms_sip_packet_unref(struct ms_sip_packet *p)
{
	if (!p || --p->holders > 0)
		return NULL;
	ms_free(p->line);
	ms_free(p->octets);
	return ms_free(p);
}

/* ---- looking ---- */

bool ms_sip_packet_line(const struct ms_sip_packet *p, const char *name, size_t i,
			struct ms_span *ret_value)
{
	for (size_t n = 0; n < p->n_lines; n++) {
		if (!ms_sip_name_is(p->line[n].name, name) || i-- > 0)
			continue;
		*ret_value = p->line[n].value;
		return true;
	}
	return false;
}

struct ms_span ms_sip_packet_get(const struct ms_sip_packet *p, const char *name)
{
	struct ms_span v;

	return ms_sip_packet_line(p, name, 0, &v) ? v : MS_SPAN_NULL;
}

bool ms_sip_packet_element(const struct ms_sip_packet *p, const char *name, size_t i,
			   struct ms_span *ret_value)
{
	struct ms_span line;

	for (size_t n = 0; ms_sip_packet_line(p, name, n, &line); n++) {
		while (line.len > 0) {
			size_t end = ms_sip_list_end(line);

			if (i-- == 0) {
				*ret_value = ms_span_trim(ms_span_sub(line, 0, end));
				return true;
			}
			line = ms_span_from(line, end + 1);
		}
	}
	return false;
}

bool ms_sip_packet_address(const struct ms_sip_packet *p, const char *name, size_t i,
			   struct ms_sip_address *ret_a)
{
	struct ms_span text;

	return ms_sip_packet_element(p, name, i, &text) && ms_sip_address_parse(text, ret_a) == 0;
}

bool ms_sip_packet_has_token(const struct ms_sip_packet *p, const char *name, const char *token)
{
	struct ms_span value;

	for (size_t i = 0; ms_sip_packet_element(p, name, i, &value); i++)
		if (ms_span_is_nocase(value, token))
			return true;
	return false;
}
