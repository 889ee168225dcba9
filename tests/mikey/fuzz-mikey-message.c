/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a message; what is taken must come out the same when it is written again. */
#include "core/alloc.h"
#include "mikey/error.h"
#include "mikey/mac.h"
#include "mikey/policy.h"
#include "mikey/timestamp.h"
#include "reencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void walk_policy(const struct ms_mikey_policy *policy)
{
	const struct ms_mikey_id someone = { MS_MIKEY_ID_URI, MS_SPAN_LIT("sip:bob@example.com") };
	struct ms_mikey_id id;
	size_t pos = 0;
	size_t n = 0;

	while (ms_mikey_tp_next_id(policy, MS_MIKEY_ROLE_RESPONDER, &pos, &id))
		n++;
	if (n != policy->n_responders)
		__builtin_trap();
	(void)ms_mikey_policy_admits(policy, &someone, '?');
	(void)ms_mikey_policy_validity(policy, MS_SEC);
	(void)ms_mikey_flags_check(policy->flags, true);
}

/* Payload spans follow each other from the header to the end, and the offsets lie in the message. */
static void check_layout(const struct ms_mikey_message *m)
{
	const uint8_t *at = m->n_payloads > 0 ? m->payload[0].raw.p : NULL;

	for (size_t i = 0; i < m->n_payloads; i++) {
		if (m->payload[i].raw.p != at)
			__builtin_trap();
		at += m->payload[i].raw.len;
	}
	if (m->n_payloads == 0 || at != m->raw.p + m->raw.len)
		__builtin_trap();
	if (m->v.set && m->v_mac + m->v.mac.len != m->raw.len)
		__builtin_trap();
	if (m->ticket.set && m->initiator_data + 2 + m->ticket.initiator_data.len > m->raw.len)
		__builtin_trap();
}

static void check_cover(const struct ms_mikey_message *m)
{
	struct ms_mikey_cover c;
	size_t total = 0;
	size_t want = m->v_mac;

	ms_mikey_cover_init(&c, m, MS_SPAN_NULL, MS_SPAN_NULL);
	for (size_t i = 0; i < c.n; i++)
		total += c.part[i].len;
	if (m->hdr.data_type == MS_MIKEY_TRANSFER_INIT && m->ticket.set)
		want -= 2 + m->ticket.initiator_data.len;
	if (total != want)
		__builtin_trap();
}

/* The blocks of a TICKET that messages leave opaque. */
static void walk_ticket(const struct ms_mikey_policy *ticket)
{
	struct ms_mikey_initiator_data i;
	struct ms_mikey_ticket_data d;

	walk_policy(ticket);
	if (ms_mikey_ticket_data_decode(ticket->ticket_data, &d, NULL) == 0 &&
	    d.v_mac + d.v.mac.len != ticket->ticket_data.len)
		__builtin_trap();
	if (ms_mikey_initiator_data_decode(ticket->initiator_data, &i, NULL) == 0 &&
	    i.vr_mac + i.vr.mac.len != ticket->initiator_data.len)
		__builtin_trap();
}

static void check_time(const struct ms_mikey_ts *ts)
{
	ms_usec t;

	/* 1968 to 2104 */
	if (ms_mikey_ts_to_usec(ts, &t) == 0 &&
	    (t < -61505152 * MS_SEC || t >= 4233462144 * MS_SEC))
		__builtin_trap();
}

/* Nobody knows the key, so that no Error message is authentic. */
static void read_error(const struct ms_mikey_message *known)
{
	static struct ms_mikey_message m;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_mikey_error e;
	struct ms_span key = MS_SPAN_LIT("a key of 20 octets..");

	if (ms_mikey_error_read(known->raw, key, &m, &e, &fault)) {
		if (!fault.reason)
			__builtin_trap();
	} else if (m.hdr.data_type != MS_MIKEY_ERROR || e.authenticated) {
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct ms_mikey_message m;
	struct ms_fault fault = { 0, NULL, 0 };
	struct ms_buf b;

	if (ms_mikey_decode(ms_span_of(p, n), &m, &fault) < 0) {
		if (!fault.reason || fault.offset > n)
			__builtin_trap();
		return 0;
	}
	check_layout(&m);
	if (m.v.set)
		check_cover(&m);
	check_time(&m.t);
	read_error(&m);
	if (m.tp.set)
		walk_policy(&m.tp);
	if (m.ticket.set)
		walk_ticket(&m.ticket);
	ms_buf_init(&b, n);
	reencode_message(&b, &m);
	if (ms_buf_status(&b) < 0 || !ms_span_eq(ms_buf_span(&b), m.raw))
		__builtin_trap();
	ms_buf_done(&b);
	return 0;
}
