/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/pem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <time.h>

#include "core/hex.h"
#include "crypto/pem.h"

#define DER_MAX (1 << 20)

static int expiry_of(const uint8_t *der, size_t len, ms_usec *ret_expires)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	struct tm tm;
	int err = -EINVAL;

	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1) {
		*ret_expires = (ms_usec)timegm(&tm) * MS_SEC;
		err = 0;
	}
	X509_free(x);
	return err;
}

static int der_of(struct ms_span text, uint8_t **ret_der, size_t *ret_len)
{
	struct ms_buf der;
	int err;

	ms_buf_init_secret(&der, DER_MAX);
	err = ms_pem_decode(text, &der);
	if (err == 0) {
		*ret_der = OPENSSL_memdup(der.p, der.len);
		*ret_len = der.len;
		err = *ret_der ? 0 : -ENOMEM;
	}
	ms_buf_done(&der);
	return err;
}

int ms_kms_pem_decode(struct ms_span text, uint8_t **ret_der, size_t *ret_len, ms_usec *ret_expires)
{
	uint8_t *der;
	size_t len;
	int err = der_of(text, &der, &len);

	if (err)
		return err;
	if (ret_expires)
		err = expiry_of(der, len, ret_expires);
	if (err) {
		OPENSSL_clear_free(der, len);
		return err;
	}
	*ret_der = der;
	*ret_len = len;
	return 0;
}

int ms_kms_id_parse(struct ms_span text, struct ms_buf *out)
{
	if (ms_span_starts(text, MS_SPAN_LIT("hex:")))
		return ms_hex_decode(out, ms_span_from(text, 4));
	ms_buf_put_span(out, text);
	return ms_buf_status(out);
}

void ms_kms_id_print(struct ms_span id, struct ms_buf *out)
{
	bool printable = !ms_span_starts(id, MS_SPAN_LIT("hex:"));

	for (size_t i = 0; i < id.len; i++)
		printable = printable && id.p[i] > 0x20 && id.p[i] < 0x7f;
	if (printable) {
		ms_buf_put_span(out, id);
		return;
	}
	ms_buf_put_str(out, "hex:");
	ms_hex_encode(out, id);
}
