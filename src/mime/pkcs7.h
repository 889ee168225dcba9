/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/pkcs7-mime with AuthEnvelopedData inside: its Content-Type in both spellings of
 * smime-type (auth-enveloped-data of 3GPP, authEnveloped-data of RFC 8551 section 3.2.2).
 */
#ifndef MS_MIME_PKCS7_H
#define MS_MIME_PKCS7_H

#include "mime/content-type.h"

/** Appends the Content-Type value, e.g. with the profile's smime_type:
 * application/pkcs7-mime; smime-type=auth-enveloped-data; name=smime.p7m */
void ms_mime_put_pkcs7_type(struct ms_buf *b, const char *smime_type);

/**
 * 0 if the value is application/pkcs7-mime (or x-pkcs7-mime) and its smime-type is absent or either
 * spelling, without case. -ENOENT if it is another type; -ENOTSUP (reason "mime_smime_type") if the
 * smime-type is another.
 */
MS_MUST_CHECK int ms_mime_pkcs7_check(const struct ms_mime_value *ct, struct ms_fault *f);

#endif
