/* SPDX-License-Identifier: Apache-2.0 */
/* Ticket policies for people: RFC 6043 section 6.10. */
#include "ctl/kms-ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base64.h"
#include "core/buf.h"
#include "core/hex.h"
#include "ctl/ctl.h"
#include "mikey/message.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"

#define TEXT_MAX ((size_t)256 << 10)

static int read_all(const char *path, struct ms_buf *b)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = -1;
	uint8_t chunk[4096];

	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		ms_buf_put(b, chunk, (size_t)n);
	if (n < 0)
		ms_ctl_fail("%s: %s", path, strerror(errno));
	if (fd >= 0 && !standard)
		close(fd);
	if (n < 0)
		return MS_CTL_FAILED;
	return ms_buf_status(b) ? ms_ctl_fail("%s: too long", path) : MS_CTL_OK;
}

/* A message starts with 1, a payload with a payload number: neither is a letter or a digit. */
static int to_octets(const char *path, struct ms_span text, struct ms_buf *out)
{
	struct ms_span trimmed = ms_span_trim(text);

	if (text.len > 0 && text.p[0] < 0x20 && text.p[0] != '\n') {
		ms_buf_put_span(out, text);
		return MS_CTL_OK;
	}
	if (ms_hex_decode(out, trimmed) == 0)
		return MS_CTL_OK;
	ms_buf_reset(out);
	if (ms_base64_decode(out, trimmed, true) == 0 && out->len > 0)
		return MS_CTL_OK;
	return ms_ctl_fail("%s: neither raw octets nor hex digits nor base64", path);
}

static json_t *json_text(struct ms_span s)
{
	struct ms_buf b;
	json_t *j;

	ms_buf_init(&b, 4 * s.len + 8);
	ms_buf_put_quoted(&b, s, s.len);
	j = json_string(ms_buf_cstr(&b));
	ms_buf_done(&b);
	return j;
}

static json_t *json_hex(struct ms_span s)
{
	struct ms_buf b;
	json_t *j;

	ms_buf_init(&b, 2 * s.len + 1);
	ms_hex_encode(&b, s);
	j = json_string(ms_buf_cstr(&b));
	ms_buf_done(&b);
	return j;
}

static json_t *json_time(const struct ms_mikey_ts *t)
{
	char text[32];
	ms_usec when;

	if (!t->set || ms_mikey_ts_to_usec(t, &when))
		return json_null();
	return json_string(ms_usec_to_iso(when, text));
}

static json_t *json_number(const struct ms_mikey_ts *t)
{
	return t->set ? json_integer((json_int_t)t->value) : json_null();
}

static json_t *ids_of(const struct ms_mikey_policy *p, unsigned role)
{
	json_t *list = json_array();
	struct ms_mikey_id id;
	size_t pos = 0;

	while (ms_mikey_tp_next_id(p, role, &pos, &id))
		json_array_append_new(list, json_text(id.data));
	return list;
}

static json_t *flags_of(unsigned flags)
{
	json_t *list = json_array();

	for (unsigned flag = MS_MIKEY_FLAG_D; flag > 0; flag >>= 1)
		if (flags & flag && ms_mikey_flag_meaning(flag))
			json_array_append_new(list, json_string(ms_mikey_flag_meaning(flag)));
	return list;
}

static const char *name(enum ms_mikey_registry registry, unsigned n)
{
	const char *text = ms_mikey_name(registry, n);

	return text ? text : "unknown";
}

static void add_ticket_data(json_t *out, const struct ms_mikey_policy *p)
{
	struct ms_mikey_ticket_data d;

	if (p->ticket_data.len == 0)
		return;
	if (p->ticket_type != MS_MIKEY_TICKET_BASE ||
	    ms_mikey_ticket_data_decode(p->ticket_data, &d, NULL)) {
		json_object_set_new(out, "ticket_data", json_string("not a base ticket"));
		return;
	}
	json_object_set_new(out, "issued", json_time(&d.t));
	json_object_set_new(out, "ticket_key", d.psk.data.p ? json_hex(d.psk.data) : json_null());
	json_object_set_new(out, "encryption",
			    json_string(name(MS_MIKEY_N_ENCR, d.kemac.encr_alg)));
	json_object_set_new(out, "mac", json_string(name(MS_MIKEY_N_MAC, d.v.mac_alg)));
	/* What `revoke ticket` takes. */
	json_object_set_new(out, "ticket", json_hex(ms_span_sub(d.v.mac, 0, 16)));
	json_object_set_new(out, "octets", json_integer((json_int_t)p->raw.len));
}

static int print(const struct ms_mikey_policy *p, bool json)
{
	char flags[MS_MIKEY_FLAGS_TEXT];
	const char *broken = ms_mikey_flags_check(p->flags, false);
	json_t *out =
		json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
			  "type", name(MS_MIKEY_N_TICKET, p->ticket_type), "subtype",
			  (int)p->subtype, "prf", name(MS_MIKEY_N_PRF, p->prf), "flags",
			  ms_mikey_flags_text(p->flags, flags), "meaning", flags_of(p->flags),
			  "kms", p->kms.data.p ? json_text(p->kms.data) : json_null(), "initiator",
			  p->initiator.data.p ? json_text(p->initiator.data) : json_null(),
			  "valid_from", json_time(&p->start), "valid_until", json_time(&p->end),
			  "rekey_s", json_number(&p->rekey), "responders",
			  ids_of(p, MS_MIKEY_ROLE_RESPONDER), "applications",
			  ids_of(p, MS_MIKEY_ROLE_APP), "consistent", broken ? broken : "yes");

	if (!out)
		return ms_ctl_fail("out of memory");
	add_ticket_data(out, p);
	ms_ctl_print(out, json);
	json_decref(out);
	return MS_CTL_OK;
}

static int show_message(struct ms_span octets, bool json)
{
	static struct ms_mikey_message m;
	struct ms_fault fault = { 0 };

	if (ms_mikey_decode(octets, &m, &fault))
		return ms_ctl_fail("no MIKEY message: %s at octet %zu",
				   fault.reason ? fault.reason : "?", fault.offset);
	if (!m.ticket.set && !m.tp.set)
		return ms_ctl_fail("the message has neither a ticket nor a ticket policy");
	return print(m.ticket.set ? &m.ticket : &m.tp, json);
}

static int show_payload(struct ms_span octets, bool json)
{
	struct ms_mikey_payload payload;
	struct ms_mikey_policy policy;
	struct ms_fault fault = { 0 };

	if (ms_mikey_payload_decode(MS_MIKEY_P_TICKET, octets, &payload, &fault) ||
	    ms_mikey_policy_decode(&payload, &policy, &fault))
		return ms_ctl_fail("no TICKET payload: %s at octet %zu",
				   fault.reason ? fault.reason : "?", fault.offset);
	return print(&policy, json);
}

int ms_ctl_ticket_show(const char *path, bool json)
{
	struct ms_buf text, octets;
	struct ms_span s;
	int status;

	ms_buf_init(&text, TEXT_MAX);
	ms_buf_init(&octets, TEXT_MAX);
	status = read_all(path, &text);
	if (status == MS_CTL_OK)
		status = to_octets(path, ms_buf_span(&text), &octets);
	s = ms_buf_span(&octets);
	if (status == MS_CTL_OK)
		status = s.len > 0 && s.p[0] == MS_MIKEY_VERSION ? show_message(s, json)
								 : show_payload(s, json);
	ms_buf_done(&text);
	ms_buf_done(&octets);
	return status;
}
