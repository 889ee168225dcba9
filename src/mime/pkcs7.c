/* SPDX-License-Identifier: Apache-2.0 */
/* The media type of S/MIME objects, RFC 8551 section 3.2. */
#include "mime/pkcs7.h"

#include <errno.h>

void ms_mime_put_pkcs7_type(struct ms_buf *b, const char *smime_type)
{
	ms_buf_put_str(b, "application/pkcs7-mime");
	ms_mime_put_param(b, "smime-type", ms_span_str(smime_type));
	ms_mime_put_param(b, "name", MS_SPAN_LIT("smime.p7m"));
}

int ms_mime_pkcs7_check(const struct ms_mime_value *ct, struct ms_fault *f)
{
	char smime_type[64];
	int err;

	if (!ms_mime_is(ct, "application", "pkcs7-mime") &&
	    !ms_mime_is(ct, "application", "x-pkcs7-mime"))
		return -ENOENT;
	err = ms_mime_param_str(ct, "smime-type", smime_type, sizeof(smime_type));
	if (err == -ENOENT)
		return 0;
	if (err == 0 && (ms_span_is_nocase(ms_span_str(smime_type), "auth-enveloped-data") ||
			 ms_span_is_nocase(ms_span_str(smime_type), "authEnveloped-data")))
		return 0;
	return ms_fault_set(f, -ENOTSUP, 0, "mime_smime_type", 0);
}
