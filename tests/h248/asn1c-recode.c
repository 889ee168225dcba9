/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What asn1c made of RFC 3525's module, as a filter: messages, each behind its length of four octets, are
 * decoded from BER and encoded as DER. A message it cannot read ends it with status 1.
 */
#include <MegacoMessage.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 65536

static int put(const void *octets, size_t len, void *to)
{
	return fwrite(octets, 1, len, to) == len ? 0 : -1;
}

/* Once to learn the length, once to write. */
static int count(const void *octets, size_t len, void *sum)
{
	(void)octets;
	*(size_t *)sum += len;
	return 0;
}

static int recode(const uint8_t *octets, size_t len)
{
	MegacoMessage_t *m = NULL;
	size_t sum = 0;
	asn_dec_rval_t got = ber_decode(0, &asn_DEF_MegacoMessage, (void **)&m, octets, len);

	if (got.code != RC_OK || got.consumed != len)
		return -1;
	der_encode(&asn_DEF_MegacoMessage, m, count, &sum);
	uint8_t head[4] = { (uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
			    (uint8_t)sum };
	put(head, 4, stdout);
	asn_enc_rval_t made = der_encode(&asn_DEF_MegacoMessage, m, put, stdout);
	ASN_STRUCT_FREE(asn_DEF_MegacoMessage, m);
	return made.encoded < 0 ? -1 : 0;
}

int main(void)
{
	static uint8_t octets[MOST];
	uint8_t head[4];
	unsigned n = 0;

	for (; fread(head, 1, 4, stdin) == 4; n++) {
		size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 |
			     head[3];
		if (len > MOST || fread(octets, 1, len, stdin) != len || recode(octets, len) < 0) {
			fprintf(stderr, "message %u\n", n);
			return 1;
		}
	}
	return 0;
}
