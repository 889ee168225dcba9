/* SPDX-License-Identifier: Apache-2.0 */
/* What passes the border, exported in HEP. */
#include "border/export.h"

#define AT(m) MS_CONFIG_AT(struct ms_border_hep_config, m)

const struct ms_config_field ms_border_hep_fields[] = {
	{ "address", MS_CONFIG_ADDR, AT(address), .value = "", .max = MS_HEP_PORT,
	  .help = "Where to send HEPv3 packets (HOMER, mediasec trace); empty: nowhere." },
	{ "id", MS_CONFIG_UINT, AT(id), .value = "0", .max = UINT32_MAX,
	  .help = "Our capture agent number." },
	{ "password_file", MS_CONFIG_TEXT, AT(password_file), .value = "",
	  .help = "File with the authentication key; empty: none." },
	{ 0 },
};

int ms_border_hep_open(const struct ms_border_hep_config *c, struct ms_buf *error,
		       struct ms_hep_sender **ret_hep)
{
	int err = ms_hep_sender_open(&c->address, (uint32_t)c->id, c->password_file, ret_hep);
	if (err < 0)
		ms_buf_printf(error, "hep: %s", strerror(-err));
	return err;
}

/* RFC 3261 section 20.8; "i" is its compact form. Empty if there is none. */
static struct ms_span call_id(struct ms_span message)
{
	while (message.len) {
		struct ms_span value = ms_span_trim(ms_span_cut(&message, '\n'));
		if (value.len == 0)
			break;
		struct ms_span name = ms_span_trim(ms_span_cut(&value, ':'));
		if (ms_span_is_nocase(name, "Call-ID") || ms_span_is_nocase(name, "i"))
			return ms_span_trim(value);
	}
	return MS_SPAN_NULL;
}

void ms_border_export_sip(struct ms_hep_sender *hep, bool sent, const struct ms_sip_hop *hop,
			  const struct ms_addr *own, struct ms_span message)
{
	if (!hep)
		return;
	ms_hep_send(hep,
		    &(struct ms_hep_packet){ .source = sent ? *own : hop->peer,
					     .destination = sent ? hop->peer : *own,
					     .transport = hop->transport == MS_SIP_UDP ? MS_HEP_UDP
										       : MS_HEP_TCP,
					     .protocol = MS_HEP_SIP,
					     .correlation = call_id(message),
					     .payload = message });
}

void ms_border_export_h248(struct ms_hep_sender *hep, const char *mid,
			   const struct ms_h248_path *peer, const struct ms_addr *local, bool sent,
			   struct ms_span message)
{
	static const enum ms_hep_transport transports[] = {
		[MS_H248_UDP] = MS_HEP_UDP, [MS_H248_TCP] = MS_HEP_TCP, [MS_H248_SCTP] = MS_HEP_SCTP
	};
	struct ms_addr remote;

	if (!hep)
		return;
	ms_gcp_path_addr(peer, &remote);
	ms_hep_send(hep, &(struct ms_hep_packet){ .source = sent ? *local : remote,
						  .destination = sent ? remote : *local,
						  .transport = transports[peer->transport],
						  .protocol = MS_HEP_H248,
						  .correlation = ms_span_str(mid),
						  .payload = message });
}
