/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers, names and grammar of RFC 8855 section 5, as data. */
#include "bfcp/bfcp-priv.h"

#define ONE(t)                        \
	{                             \
		MS_BFCP_##t, 1, false \
	}
#define OPT(t)                        \
	{                             \
		MS_BFCP_##t, 0, false \
	}
#define SOME(t)                      \
	{                            \
		MS_BFCP_##t, 1, true \
	}
#define ANY(t)                       \
	{                            \
		MS_BFCP_##t, 0, true \
	}

/* Section 5.2, table 2. */
static const struct ms_bfcp_type_entry types[] = {
	[0] = { NULL, MS_BFCP_KIND_OPAQUE, { { 0 } } },
	[MS_BFCP_BENEFICIARY_ID] = { "BENEFICIARY-ID", MS_BFCP_KIND_ID, { { 0 } } },
	[MS_BFCP_FLOOR_ID] = { "FLOOR-ID", MS_BFCP_KIND_ID, { { 0 } } },
	[MS_BFCP_FLOOR_REQUEST_ID] = { "FLOOR-REQUEST-ID", MS_BFCP_KIND_ID, { { 0 } } },
	[MS_BFCP_PRIORITY] = { "PRIORITY", MS_BFCP_KIND_PRIORITY, { { 0 } } },
	[MS_BFCP_REQUEST_STATUS] = { "REQUEST-STATUS", MS_BFCP_KIND_STATUS, { { 0 } } },
	[MS_BFCP_ERROR_CODE] = { "ERROR-CODE", MS_BFCP_KIND_ERROR, { { 0 } } },
	[MS_BFCP_ERROR_INFO] = { "ERROR-INFO", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_PARTICIPANT_PROVIDED_INFO] = { "PARTICIPANT-PROVIDED-INFO",
						MS_BFCP_KIND_OCTETS,
						{ { 0 } } },
	[MS_BFCP_STATUS_INFO] = { "STATUS-INFO", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_SUPPORTED_ATTRIBUTES] = { "SUPPORTED-ATTRIBUTES", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_SUPPORTED_PRIMITIVES] = { "SUPPORTED-PRIMITIVES", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_USER_DISPLAY_NAME] = { "USER-DISPLAY-NAME", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_USER_URI] = { "USER-URI", MS_BFCP_KIND_OCTETS, { { 0 } } },
	[MS_BFCP_BENEFICIARY_INFORMATION] = { "BENEFICIARY-INFORMATION",
					      MS_BFCP_KIND_GROUP,
					      { OPT(USER_DISPLAY_NAME), OPT(USER_URI) } },
	[MS_BFCP_FLOOR_REQUEST_INFORMATION] = { "FLOOR-REQUEST-INFORMATION",
						MS_BFCP_KIND_GROUP,
						{ OPT(OVERALL_REQUEST_STATUS),
						  SOME(FLOOR_REQUEST_STATUS_ATTRIBUTE),
						  OPT(BENEFICIARY_INFORMATION),
						  OPT(REQUESTED_BY_INFORMATION), OPT(PRIORITY),
						  OPT(PARTICIPANT_PROVIDED_INFO) } },
	[MS_BFCP_REQUESTED_BY_INFORMATION] = { "REQUESTED-BY-INFORMATION",
					       MS_BFCP_KIND_GROUP,
					       { OPT(USER_DISPLAY_NAME), OPT(USER_URI) } },
	[MS_BFCP_FLOOR_REQUEST_STATUS_ATTRIBUTE] = { "FLOOR-REQUEST-STATUS",
						     MS_BFCP_KIND_GROUP,
						     { OPT(REQUEST_STATUS), OPT(STATUS_INFO) } },
	[MS_BFCP_OVERALL_REQUEST_STATUS] = { "OVERALL-REQUEST-STATUS",
					     MS_BFCP_KIND_GROUP,
					     { OPT(REQUEST_STATUS), OPT(STATUS_INFO) } },
};

/* Section 5.1, table 1, and section 5.3. */
static const struct ms_bfcp_primitive_entry primitives[] = {
	[MS_BFCP_FLOOR_REQUEST] = { "FloorRequest",
				    { SOME(FLOOR_ID), OPT(BENEFICIARY_ID),
				      OPT(PARTICIPANT_PROVIDED_INFO), OPT(PRIORITY) } },
	[MS_BFCP_FLOOR_RELEASE] = { "FloorRelease", { ONE(FLOOR_REQUEST_ID) } },
	[MS_BFCP_FLOOR_REQUEST_QUERY] = { "FloorRequestQuery", { ONE(FLOOR_REQUEST_ID) } },
	[MS_BFCP_FLOOR_REQUEST_STATUS] = { "FloorRequestStatus",
					   { ONE(FLOOR_REQUEST_INFORMATION) } },
	[MS_BFCP_USER_QUERY] = { "UserQuery", { OPT(BENEFICIARY_ID) } },
	[MS_BFCP_USER_STATUS] = { "UserStatus",
				  { OPT(BENEFICIARY_INFORMATION),
				    ANY(FLOOR_REQUEST_INFORMATION) } },
	[MS_BFCP_FLOOR_QUERY] = { "FloorQuery", { ANY(FLOOR_ID) } },
	[MS_BFCP_FLOOR_STATUS] = { "FloorStatus",
				   { ANY(FLOOR_ID), ANY(FLOOR_REQUEST_INFORMATION) } },
	[MS_BFCP_CHAIR_ACTION] = { "ChairAction", { ONE(FLOOR_REQUEST_INFORMATION) } },
	[MS_BFCP_CHAIR_ACTION_ACK] = { "ChairActionAck", { { 0 } } },
	[MS_BFCP_HELLO] = { "Hello", { { 0 } } },
	[MS_BFCP_HELLO_ACK] = { "HelloAck",
				{ ONE(SUPPORTED_PRIMITIVES), ONE(SUPPORTED_ATTRIBUTES) } },
	[MS_BFCP_ERROR] = { "Error", { ONE(ERROR_CODE), OPT(ERROR_INFO) } },
	[MS_BFCP_FLOOR_REQUEST_STATUS_ACK] = { "FloorRequestStatusAck", { { 0 } } },
	[MS_BFCP_FLOOR_STATUS_ACK] = { "FloorStatusAck", { { 0 } } },
	[MS_BFCP_GOODBYE] = { "Goodbye", { { 0 } } },
	[MS_BFCP_GOODBYE_ACK] = { "GoodbyeAck", { { 0 } } },
};

/* Section 5.2.5, table 4. */
static const char *const statuses[] = {
	[MS_BFCP_PENDING] = "Pending",     [MS_BFCP_ACCEPTED] = "Accepted",
	[MS_BFCP_GRANTED] = "Granted",     [MS_BFCP_DENIED] = "Denied",
	[MS_BFCP_CANCELLED] = "Cancelled", [MS_BFCP_RELEASED] = "Released",
	[MS_BFCP_REVOKED] = "Revoked",
};

/* Section 5.2.6, table 5. */
static const char *const errors[] = {
	[MS_BFCP_NO_CONFERENCE] = "Conference Does Not Exist",
	[MS_BFCP_NO_USER] = "User Does Not Exist",
	[MS_BFCP_UNKNOWN_PRIMITIVE] = "Unknown Primitive",
	[MS_BFCP_UNKNOWN_MANDATORY_ATTRIBUTE] = "Unknown Mandatory Attribute",
	[MS_BFCP_UNAUTHORIZED] = "Unauthorized Operation",
	[MS_BFCP_INVALID_FLOOR] = "Invalid Floor ID",
	[MS_BFCP_NO_FLOOR_REQUEST] = "Floor Request ID Does Not Exist",
	[MS_BFCP_TOO_MANY_FLOOR_REQUESTS] =
		"You have Already Reached the Maximum Number of Ongoing Floor Requests for This Floor",
	[MS_BFCP_USE_TLS] = "Use TLS",
	[MS_BFCP_UNPARSEABLE] = "Unable to Parse Message",
	[MS_BFCP_USE_DTLS] = "Use DTLS",
	[MS_BFCP_UNSUPPORTED_VERSION] = "Unsupported Version",
	[MS_BFCP_INCORRECT_LENGTH] = "Incorrect Message Length",
	[MS_BFCP_GENERIC_ERROR] = "Generic Error",
};

const struct ms_bfcp_type_entry *ms_bfcp_type_entry(unsigned type)
{
	return &types[type < MS_ARRAY_SIZE(types) ? type : 0];
}

const struct ms_bfcp_primitive_entry *ms_bfcp_primitive_entry(unsigned primitive)
{
	if (primitive == 0 || primitive >= MS_ARRAY_SIZE(primitives))
		return NULL;
	return &primitives[primitive];
}

const char *ms_bfcp_primitive_name(unsigned primitive)
{
	const struct ms_bfcp_primitive_entry *e = ms_bfcp_primitive_entry(primitive);

	return e ? e->name : NULL;
}

const char *ms_bfcp_type_name(unsigned type)
{
	return ms_bfcp_type_entry(type)->name;
}

const char *ms_bfcp_status_name(unsigned status)
{
	return status < MS_ARRAY_SIZE(statuses) ? statuses[status] : NULL;
}

const char *ms_bfcp_error_name(unsigned code)
{
	return code < MS_ARRAY_SIZE(errors) ? errors[code] : NULL;
}
