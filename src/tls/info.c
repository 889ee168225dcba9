/* SPDX-License-Identifier: Apache-2.0 */
/* What a session tells about itself. */
#include "tls/record-priv.h"

enum ms_tls_state ms_tls_state(const struct ms_tls *t)
{
	return (enum ms_tls_state)t->state;
}

const struct ms_fault *ms_tls_fault(const struct ms_tls *t)
{
	return t->state == MS_TLS_FAILED ? &t->fault : NULL;
}

const char *ms_tls_fault_detail(const struct ms_tls *t)
{
	return t->detail;
}

ms_usec ms_tls_deadline(const struct ms_tls *t)
{
	return t->deadline;
}

const char *ms_tls_suite(const struct ms_tls *t)
{
	if (t->record)
		return t->record->suite;
	return SSL_is_init_finished(t->ssl) ? SSL_get_cipher_name(t->ssl) : NULL;
}

const char *ms_tls_version(const struct ms_tls *t)
{
	if (t->record)
		return t->record->v13 ? "TLSv1.3" : "TLSv1.2";
	return SSL_get_version(t->ssl);
}

struct ms_span ms_tls_peer_identity(const struct ms_tls *t)
{
	return ms_span_str(t->peer_identity);
}
