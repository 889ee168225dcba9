/* SPDX-License-Identifier: Apache-2.0 */
/* A message read, changed as a proxy does and written is a message again, with what stays the same. */
#include <stdlib.h>

#include "sip/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void look(const struct ms_sip_packet *p)
{
	static const char *const names[] = { "Route", "Contact", "Path", "Security-Client", "v" };
	struct ms_span value;
	struct ms_sip_address a;
	size_t n = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		for (n = 0; ms_sip_packet_element(p, names[i], n, &value); n++)
			check(value.len == 0 ||
			      (value.p >= p->octets && value.len <= p->body.len + 65536u * 2));
		check(!ms_sip_packet_address(p, names[i], 0, &a) || a.uri.len > 0);
	}
	(void)ms_sip_packet_has_token(p, "Supported", "100rel");
}

static void rewrite(const struct ms_sip_packet *p)
{
	static const struct ms_sip_edit edits[] = {
		{ "P-Asserted-Identity", { (const uint8_t *)"<sip:a@b>", 9 }, false },
		{ "Security-Verify", { NULL, 0 }, false },
	};
	struct ms_sip_change c = { .edits = edits,
				   .n_edits = 2,
				   .new_body = true,
				   .body = MS_SPAN_LIT("v=0\r\n"),
				   .content_type = "application/sdp" };
	struct ms_sip_rewrite r = { .change = &c,
				    .routes_used = 1,
				    .max_forwards = 69,
				    .via = MS_SPAN_LIT("SIP/2.0/UDP a;branch=z9hG4bKx"),
				    .received = MS_SPAN_LIT(";received=1.2.3.4;rport=5") };
	struct ms_sip_packet *again;
	struct ms_buf b;

	if (!p->request)
		r.via = MS_SPAN_NULL;
	ms_buf_init(&b, 1 << 20);
	ms_sip_packet_write(p, &r, &b);
	check(ms_buf_status(&b) == 0);
	/* A response with one Via only has none left; that is the end of its way. */
	if (ms_sip_packet_read(ms_buf_span(&b), &again, NULL) == 0) {
		check(ms_span_eq(again->call_id, p->call_id) && again->cseq == p->cseq);
		check(ms_span_eq(again->from_tag, p->from_tag));
		check(ms_span_eq(again->body, c.body));
		check(ms_sip_packet_get(again, "Security-Verify").p == NULL);
		ms_sip_packet_unref(again);
	} else {
		check(!p->request);
	}
	ms_buf_done(&b);
}

static void answer(const struct ms_sip_packet *p)
{
	struct ms_sip_packet *again;
	struct ms_buf b;

	ms_buf_init(&b, 1 << 20);
	ms_sip_packet_answer(p, 404, NULL, "t", MS_SPAN_LIT(";received=::1"), NULL, &b);
	check(ms_buf_status(&b) == 0);
	check(ms_sip_packet_read(ms_buf_span(&b), &again, NULL) == 0);
	check(again->status == 404 && ms_span_eq(again->call_id, p->call_id));
	check(ms_span_eq(again->via.branch, p->via.branch));
	ms_sip_packet_unref(again);
	ms_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_sip_packet *p;
	struct ms_fault f = { 0 };

	if (ms_sip_packet_read(ms_span_of(data, size), &p, &f) < 0)
		return 0;
	look(p);
	rewrite(p);
	if (p->request)
		answer(p);
	ms_sip_packet_unref(p);
	return 0;
}
