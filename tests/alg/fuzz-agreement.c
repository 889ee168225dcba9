/* SPDX-License-Identifier: Apache-2.0 */
/* Security-Client of anybody: what is read, written again, is read the same. */
#include <stdlib.h>

#include "alg/agreement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static struct ms_sip_packet *with(struct ms_span value)
{
	struct ms_sip_packet *p = NULL;
	struct ms_buf b;

	ms_buf_init(&b, 1 << 17);
	ms_buf_put_str(
		&b,
		"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
		"To: <sip:a@x>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nSecurity-Client: ");
	ms_buf_put_span(&b, value);
	ms_buf_put_str(&b, "\r\n\r\n");
	if (ms_buf_status(&b) || ms_sip_packet_read(ms_buf_span(&b), &p, NULL))
		p = NULL;
	ms_buf_done(&b);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_sip_packet *p = with(ms_span_of(data, size)), *again;
	unsigned found;
	char text[96];
	struct ms_buf b;

	if (!p)
		return 0;
	found = ms_alg_agreement_read(p, "Security-Client");
	check(!found || ms_alg_agreement_present(p, "Security-Client"));
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_alg_agreement_put(found, &b);
	check(ms_buf_status(&b) == 0);
	again = with(ms_buf_span(&b));
	check(again && ms_alg_agreement_read(again, "Security-Client") == found);
	ms_sip_packet_unref(again);
	ms_sip_packet_unref(p);
	return 0;
}
