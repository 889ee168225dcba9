/* SPDX-License-Identifier: Apache-2.0 */
#include "alg/agreement.h"

static const struct {
	const char *name;
	unsigned bit;
} mechanisms[] = {
	{ "msrp-tls", MS_ALG_MSRP_TLS },
	{ "bfcp-tls", MS_ALG_BFCP_TLS },
};

/* mechanism-name *( SEMI mech-parameters ); true if one of these is the flag. */
static bool is_mediasec(struct ms_span element, struct ms_span *ret_name)
{
	struct ms_span value;

	*ret_name = ms_span_trim(ms_span_sub(element, 0, ms_span_find(element, ';')));
	return ms_sip_param(ms_span_from(element, ms_span_find(element, ';')), "mediasec", &value);
}

unsigned ms_alg_agreement_read(const struct ms_sip_packet *m, const char *header)
{
	struct ms_span element, name;
	unsigned found = 0;

	for (size_t i = 0; ms_sip_packet_element(m, header, i, &element); i++) {
		if (!is_mediasec(element, &name))
			continue;
		for (size_t k = 0; k < MS_ARRAY_SIZE(mechanisms); k++)
			if (ms_span_is_nocase(name, mechanisms[k].name))
				found |= mechanisms[k].bit;
	}
	return found;
}

bool ms_alg_agreement_present(const struct ms_sip_packet *m, const char *header)
{
	struct ms_span element, name;

	for (size_t i = 0; ms_sip_packet_element(m, header, i, &element); i++)
		if (is_mediasec(element, &name))
			return true;
	return false;
}

void ms_alg_agreement_put(unsigned set, struct ms_buf *b)
{
	bool first = true;

	for (size_t i = 0; i < MS_ARRAY_SIZE(mechanisms); i++) {
		if (!(set & mechanisms[i].bit))
			continue;
		ms_buf_printf(b, "%s%s;mediasec", first ? "" : ", ", mechanisms[i].name);
		first = false;
	}
}
