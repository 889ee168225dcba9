-- SPDX-License-Identifier: Apache-2.0
--
-- Wireshark dissector for MIKEY with MIKEY-TICKET (RFC 3830, RFC 4563, RFC 6043).
--
-- Wireshark's own MIKEY dissector knows RFC 3830 only and calls messages of RFC 6043 malformed. This
-- one shows them
--   * in HTTP bodies (application/mikey, as octets or base64),
--   * in SDP (a=key-mgmt:mikey ...),
--   * in the key identifier of S/MIME messages (application/pkcs7-mime with AuthEnvelopedData,
--     RFC 5083, which Wireshark 4.0 does not know either), as octets or base64.
-- It leaves the messages of RFC 3830 (data types up to 5) to Wireshark.
--
-- Use: tshark -X lua_script:mikey-ticket.lua ..., or copy it to the plugin folder that
-- Help > About > Folders names. Filters begin with mikey_ticket, as in mikey_ticket.id == "sip:bob@...".

local mikey = Proto("mikey_ticket", "MIKEY-TICKET")
local cms = Proto("mikey_ticket_cms", "CMS AuthEnvelopedData")

---------------------------------------------------------------------------------------------------
-- Numbers and their names

local DATA_TYPE = {
	[0] = "Pre-shared", "PSK ver msg", "Public key", "PK ver msg", "D-H init", "D-H resp", "Error",
	[11] = "REQUEST_INIT_PSK", [12] = "REQUEST_INIT_PK", [13] = "REQUEST_RESP",
	[14] = "TRANSFER_INIT", [15] = "TRANSFER_RESP",
	[16] = "RESOLVE_INIT_PSK", [17] = "RESOLVE_INIT_PK", [18] = "RESOLVE_RESP",
}
local PAYLOAD = {
	[0] = "Last payload", "KEMAC", "PKE", "DH", "SIGN", "T", "ID", "CERT", "CHASH", "V", "SP", "RAND",
	"ERR", "TR", "IDR", "RANDR", "TP", "TICKET", [20] = "Key data", [21] = "General Ext.",
}
local PRF = { [0] = "MIKEY-1", "PRF-HMAC-SHA-256" }
local MAP = { [0] = "SRTP-ID", "empty", "GENERIC-ID" }
local ENCR = { [0] = "NULL", "AES-CM-128", "AES-KW-128", "AES-CM-256" }
local MAC = { [0] = "NULL", "HMAC-SHA-1-160", "HMAC-SHA-256-256" }
local MAC_LEN = { [0] = 0, 20, 32 }
local TS = { [0] = "NTP-UTC", "NTP", "COUNTER", "NTP-UTC-32" }
local TS_LEN = { [0] = 8, 8, 4, 4 }
local TS_ROLE = { "Time of issue", "Start of validity", "End of validity", "Rekeying interval" }
local ID_TYPE = { [0] = "NAI", "URI", "Byte string" }
local ROLE = { "Initiator", "Responder", "KMS", "PSK", "Application" }
local HASH = { [0] = "SHA-1", "MD5", "SHA-256" }
local HASH_LEN = { [0] = 20, 16, 32 }
local DH_GROUP = { [0] = "OAKLEY 5", "OAKLEY 1", "OAKLEY 2" }
local DH_LEN = { [0] = 192, 96, 128 }
local KEY_TYPE = { [0] = "TGK", "TGK+SALT", "TEK", "TEK+SALT", "GTGK", "GTGK+SALT", "MPK" }
local KV = { [0] = "NULL", "SPI", "Interval" }
local TICKET_TYPE = { "MIKEY Base Ticket", "3GPP Base Ticket" }
local EXT = { [0] = "Vendor ID", "SDP IDs", [3] = "Key ID" }
local CACHE = { [0] = "No cache", "Cache", "Cache for CSB" }
local SIGN = { [0] = "RSA/PKCS#1/1.5", "RSA/PSS" }
local CERT = { [0] = "X.509v3", "X.509v3 URL", "X.509v3 Sign", "X.509v3 Encr" }
local ERROR = {
	[0] = "Auth failure", "Invalid TS", "Invalid PRF", "Invalid MAC", "Invalid EA", "Invalid HA", "Invalid DH",
	"Invalid ID", "Invalid Cert", "Invalid SP", "Invalid SPpar", "Invalid DT", "Unspecified error",
	[14] = "Invalid TICKET", [15] = "Invalid TPpar",
}
-- 241 to 243 are private-use numbers, since none were assigned
local PROT = { [0] = "SRTP", [241] = "TLS", [242] = "PSK S/MIME", [243] = "Application specific" }
local SRTP_PARAM = {
	[0] = "Encryption algorithm", "Session encr. key length", "Authentication algorithm",
	"Session auth. key length", "Session salt key length", "SRTP PRF", "Key derivation rate",
	"SRTP encryption", "SRTCP encryption", "FEC order", "SRTP authentication",
	"Authentication tag length", "SRTP prefix length",
}
local FLAGS = { -- from bit 16 of the 24 bits down (RFC 6043 section 6.10)
	{ "d", "D: made by the KMS" },
	{ "e", "E: Ticket Resolve is mandatory" },
	{ "f", "F: TRANSFER_RESP must be sent" },
	{ "g", "G: the Responder makes RANDRr" },
	{ "h", "H: RANDRi enters the traffic keys" },
	{ "i", "I: key forking" },
	{ "j", "J: the ticket may be reused" },
	{ "k", "K: the KMS changed policy or keys" },
	{ "l", "L: the Initiator may supply session keys" },
	{ "m", "M: the Responder may supply session keys" },
	{ "n", "N: an Initiator needs nothing beyond RFC 6043" },
	{ "o", "O: a Responder needs nothing beyond RFC 6043" },
}

---------------------------------------------------------------------------------------------------
-- Fields

local f = {}

local function field(kind, name, title, ...)
	f[name] = ProtoField[kind]("mikey_ticket." .. name, title, ...)
end

field("uint8", "version", "Version")
field("uint8", "data_type", "Data type", base.DEC, DATA_TYPE)
field("uint8", "next_payload", "Next payload", base.DEC, PAYLOAD)
field("uint8", "first_payload", "First payload", base.DEC, PAYLOAD)
field("bool", "v_flag", "V: response expected", 8, nil, 0x80)
field("uint8", "prf", "PRF func", base.DEC, PRF, 0x7f)
field("uint32", "csb_id", "CSB ID", base.HEX)
field("uint8", "number_of_cs", "#CS")
field("uint8", "map_type", "CS ID map type", base.DEC, MAP)
field("none", "cs", "Crypto session")
field("uint8", "cs_id", "CS ID")
field("uint8", "prot_type", "Prot type", base.DEC, PROT)
field("bool", "s_flag", "S: ROC and SEQ are given", 8, nil, 0x80)
field("uint8", "number_of_policies", "#P", base.DEC, nil, 0x7f)
field("uint8", "policy_no", "Policy no")
field("uint16", "session_data_length", "Session data length")
field("bytes", "session_data", "Session data")
field("uint32", "ssrc", "SSRC", base.HEX)
field("uint32", "roc", "ROC")
field("uint16", "seq", "SEQ")
field("uint8", "spi_length", "SPI length")
field("uint8", "short_length", "Length")
field("bytes", "spi", "SPI")
field("none", "payload", "Payload")
field("uint8", "ts_type", "TS type", base.DEC, TS)
field("uint8", "ts_role", "TS role", base.DEC, TS_ROLE)
field("absolute_time", "ts", "Time", base.UTC)
field("uint32", "counter", "Counter")
field("uint32", "rekeying", "Seconds between rekeyings")
field("uint8", "id_role", "ID role", base.DEC, ROLE)
field("uint8", "id_type", "ID type", base.DEC, ID_TYPE)
field("string", "id", "ID")
field("bytes", "id_octets", "ID")
field("uint8", "rand_role", "RAND role", base.DEC, ROLE)
field("bytes", "rand", "RAND")
field("uint16", "length", "Length")
field("uint8", "mac_alg", "MAC alg", base.DEC, MAC)
field("bytes", "mac", "MAC")
field("uint8", "encr_alg", "Encr alg", base.DEC, ENCR)
field("bytes", "encr_data", "Encr data")
field("none", "key", "Key data")
field("uint8", "key_type", "Key type", base.DEC, KEY_TYPE, 0xf0)
field("uint8", "kv", "KV", base.DEC, KV, 0x0f)
field("bytes", "key_data", "Key")
field("bytes", "salt", "Salt")
field("bytes", "valid_from", "Valid from")
field("bytes", "valid_to", "Valid to")
field("none", "sp_param", "Parameter")
field("uint8", "sp_type", "Type")
field("uint8", "srtp_type", "Type", base.DEC, SRTP_PARAM)
field("bytes", "sp_value", "Value")
field("uint8", "error_no", "Error no", base.DEC, ERROR)
field("uint16", "error_reserved", "Reserved")
field("uint8", "ext_type", "Extension type", base.DEC, EXT)
field("string", "sdp_ids", "SDP IDs")
field("bytes", "ext_data", "Data")
field("uint8", "cert_type", "Cert type", base.DEC, CERT)
field("bytes", "cert", "Certificate")
field("string", "cert_url", "Certificate URL")
field("uint8", "hash_func", "Hash func", base.DEC, HASH)
field("bytes", "hash", "Hash")
field("uint16", "cache", "C", base.DEC, CACHE, 0xc000)
field("uint16", "pke_length", "Data length", base.DEC, nil, 0x3fff)
field("bytes", "pke_data", "Encrypted envelope key")
field("uint16", "sign_type", "S type", base.DEC, SIGN, 0xf000)
field("uint16", "sign_length", "Signature length", base.DEC, nil, 0x0fff)
field("bytes", "signature", "Signature")
field("uint8", "dh_group", "DH group", base.DEC, DH_GROUP)
field("bytes", "dh_value", "DH value")
field("uint16", "ticket_type", "Ticket type", base.DEC, TICKET_TYPE)
field("uint8", "ticket_subtype", "Subtype")
field("uint8", "ticket_version", "Version")
field("uint24", "ticket_prf", "PRF func", base.DEC, PRF, 0xfe0000)
field("string", "flags", "Flags")
for i, flag in ipairs(FLAGS) do
	field("bool", "flags." .. flag[1], flag[2], 24, nil, 2 ^ (17 - i))
end
field("uint24", "ticket_reserved", "Reserved", base.HEX, nil, 0x00001f)
field("none", "tp_data", "TP Data")
field("none", "ticket_data", "Ticket Data")
field("bytes", "ticket_data_octets", "Ticket Data")
field("none", "initiator_data", "Initiator Data")
field("bytes", "thdr", "Ticket header data")

local list = {}
for _, v in pairs(f) do
	list[#list + 1] = v
end
mikey.fields = list

local e_broken = ProtoExpert.new("mikey_ticket.broken", "The message cannot be decoded",
	expert.group.PROTOCOL, expert.severity.ERROR)
mikey.experts = { e_broken }

---------------------------------------------------------------------------------------------------
-- A cursor: c.tvb, c.at, c.stop (end of the block it may read)

local function cursor(tvb, at, stop)
	return { tvb = tvb, at = at, stop = stop }
end

-- The next n octets; a broken length ends the dissection.
local function take(c, n)
	if c.at + n > c.stop then
		error({ at = c.at, what = "cut off: " .. n .. " octets wanted, " .. (c.stop - c.at) .. " left" })
	end
	local range = n > 0 and c.tvb(c.at, n) or nil
	c.at = c.at + n
	return range
end

-- Adds a field over the next n octets and returns its number.
local function uint(c, tree, name, n)
	local range = take(c, n)
	tree:add(f[name], range)
	return range:uint()
end

local function octets(c, tree, name, n)
	local range = take(c, n)
	if range then
		tree:add(f[name], range)
	end
	return range
end

local function finish(c)
	if c.at ~= c.stop then
		error({ at = c.at, what = (c.stop - c.at) .. " octets left over" })
	end
end

---------------------------------------------------------------------------------------------------
-- Header and map

local function srtp_data(range, tree)
	if range and range:len() >= 4 then
		tree:add(f.ssrc, range(0, 4))
	end
	if range and range:len() >= 8 then
		tree:add(f.roc, range(4, 4))
	end
	if range and range:len() == 10 then
		tree:add(f.seq, range(8, 2))
	end
end

local function generic_id(c, tree)
	local start = c.at
	local t = tree:add(f.cs, c.tvb(c.at, 1))
	local id = uint(c, t, "cs_id", 1)
	local prot = uint(c, t, "prot_type", 1)
	local sp = take(c, 1)
	t:add(f.s_flag, sp)
	t:add(f.number_of_policies, sp)
	for _ = 1, bit.band(sp:uint(), 0x7f) do
		uint(c, t, "policy_no", 1)
	end
	local data = octets(c, t, "session_data", uint(c, t, "session_data_length", 2))
	if prot == 0 then
		srtp_data(data, t)
	end
	octets(c, t, "spi", uint(c, t, "spi_length", 1))
	t:set_len(c.at - start)
	t:append_text(string.format(" %d: %s", id, PROT[prot] or "Prot type " .. prot))
end

local function srtp_id(c, tree, number)
	local t = tree:add(f.cs, c.tvb(c.at, math.min(9, c.stop - c.at)))
	t:append_text(" " .. number .. ": SRTP")
	uint(c, t, "policy_no", 1)
	srtp_data(take(c, 8), t)
end

-- Returns the number of the first payload.
local function header(c, tree, pinfo)
	local t = tree:add(mikey, c.tvb(c.at, math.min(10, c.stop - c.at)), "Common Header (HDR)")
	uint(c, t, "version", 1)
	local data_type = uint(c, t, "data_type", 1)
	local next_payload = uint(c, t, "next_payload", 1)
	local v_prf = take(c, 1)
	t:add(f.v_flag, v_prf)
	t:add(f.prf, v_prf)
	uint(c, t, "csb_id", 4)
	local n = uint(c, t, "number_of_cs", 1)
	local map = uint(c, t, "map_type", 1)
	for i = 1, n do
		if map == 0 then
			srtp_id(c, t, i)
		elseif map == 2 then
			generic_id(c, t)
		else
			error({ at = c.at, what = "crypto sessions in a map without any" })
		end
	end
	t:set_len(c.at)
	local name = DATA_TYPE[data_type] or "MIKEY data type " .. data_type
	tree:append_text(": " .. name)
	pinfo.cols.info:append(" [" .. name .. "]")
	return next_payload
end

---------------------------------------------------------------------------------------------------
-- Payloads: each reader gets the cursor behind Next Payload and the payload's tree

local chain -- of payloads; below

local function timestamp(c, tree, role)
	local kind = uint(c, tree, "ts_type", 1)
	local n = TS_LEN[kind]
	if not n then
		error({ at = c.at - 1, what = "unknown TS type" })
	end
	local range = take(c, n)
	local seconds = range(0, 4):uint()
	if role == 4 then
		tree:add(f.rekeying, range(0, 4))
		tree:append_text(", " .. seconds .. " s")
	elseif kind == 2 then
		tree:add(f.counter, range)
	else
		-- RFC 4330 section 3: top bit clear is 2036 to 2104
		local since_1970 = seconds - 2208988800 + (seconds < 2147483648 and 4294967296 or 0)
		local fraction = n == 8 and range(4, 4):uint() / 4294967296 or 0
		tree:add(f.ts, range, NSTime.new(since_1970, math.floor(fraction * 1000000000)))
		tree:append_text(", " .. os.date("!%Y-%m-%dT%H:%M:%SZ", since_1970))
	end
end

local function identity(c, tree)
	local kind = uint(c, tree, "id_type", 1)
	local range = octets(c, tree, kind == 2 and "id_octets" or "id", uint(c, tree, "length", 2))
	if range then
		tree:append_text(", " .. (kind == 2 and tostring(range:bytes()) or range:string()))
	end
end

local function mac(c, tree)
	local alg = uint(c, tree, "mac_alg", 1)
	if not MAC_LEN[alg] then
		error({ at = c.at - 1, what = "unknown MAC algorithm" })
	end
	octets(c, tree, "mac", MAC_LEN[alg])
	return alg
end

local function validity(c, tree, kv)
	if kv == 1 then
		octets(c, tree, "spi", uint(c, tree, "spi_length", 1))
	elseif kv == 2 then
		octets(c, tree, "valid_from", take(c, 1):uint())
		octets(c, tree, "valid_to", take(c, 1):uint())
	elseif kv ~= 0 then
		error({ at = c.at, what = "unknown KV" })
	end
end

-- The contents of a KEMAC that is not encrypted (RFC 3830 section 6.13)
local function key_list(c, tree)
	local following = 20
	while following == 20 do
		local start = c.at
		local t = tree:add(f.key, c.tvb(c.at, 1))
		following = uint(c, t, "next_payload", 1)
		local range = take(c, 1)
		local kind, kv = bit.rshift(range:uint(), 4), bit.band(range:uint(), 0x0f)
		t:add(f.key_type, range)
		t:add(f.kv, range)
		octets(c, t, "key_data", uint(c, t, "length", 2))
		if kind == 1 or kind == 3 or kind == 5 then
			octets(c, t, "salt", uint(c, t, "length", 2))
		end
		validity(c, t, kv)
		t:set_len(c.at - start)
		t:append_text(": " .. (KEY_TYPE[kind] or "type " .. kind))
	end
	finish(c)
end

local function kemac(c, tree)
	local alg = uint(c, tree, "encr_alg", 1)
	local n = uint(c, tree, "length", 2)
	local range = octets(c, tree, "encr_data", n)
	if alg == 0 and range and not pcall(key_list, cursor(c.tvb, c.at - n, c.at), tree) then
		tree:append_text(", not key data")
	end
	tree:append_text(", " .. (ENCR[alg] or "encryption " .. alg))
	mac(c, tree)
end

local function policy(c, tree)
	uint(c, tree, "policy_no", 1)
	local prot = uint(c, tree, "prot_type", 1)
	local n = uint(c, tree, "length", 2)
	take(c, n)
	local p = cursor(c.tvb, c.at - n, c.at)
	while p.at < p.stop do
		local start = p.at
		local t = tree:add(f.sp_param, c.tvb(p.at, 1))
		local kind = uint(p, t, prot == 0 and "srtp_type" or "sp_type", 1)
		local range = octets(p, t, "sp_value", uint(p, t, "short_length", 1))
		t:set_len(p.at - start)
		t:append_text(": " .. (prot == 0 and SRTP_PARAM[kind] or "type " .. kind) ..
			" = " .. (range and tostring(range:bytes()) or ""))
	end
end

local function extension(c, tree)
	local kind = uint(c, tree, "ext_type", 1)
	octets(c, tree, kind == 1 and "sdp_ids" or "ext_data", uint(c, tree, "length", 2))
	tree:append_text(", " .. (EXT[kind] or "type " .. kind))
end

local function certificate(c, tree)
	local kind = uint(c, tree, "cert_type", 1)
	octets(c, tree, kind == 1 and "cert_url" or "cert", uint(c, tree, "length", 2))
end

local function hash(c, tree)
	local kind = uint(c, tree, "hash_func", 1)
	if not HASH_LEN[kind] then
		error({ at = c.at - 1, what = "unknown hash" })
	end
	octets(c, tree, "hash", HASH_LEN[kind])
end

local function envelope(c, tree)
	local range = take(c, 2)
	tree:add(f.cache, range)
	tree:add(f.pke_length, range)
	octets(c, tree, "pke_data", bit.band(range:uint(), 0x3fff))
end

local function signature(c, tree)
	local range = take(c, 2)
	tree:add(f.sign_type, range)
	tree:add(f.sign_length, range)
	octets(c, tree, "signature", bit.band(range:uint(), 0x0fff))
end

local function diffie_hellman(c, tree)
	local group = uint(c, tree, "dh_group", 1)
	if not DH_LEN[group] then
		error({ at = c.at - 1, what = "unknown DH group" })
	end
	octets(c, tree, "dh_value", DH_LEN[group])
	local range = take(c, 1)
	tree:add(f.kv, range)
	validity(c, tree, bit.band(range:uint(), 0x0f))
end

-- A block of n octets with payloads in it, the first of which `first` announces (nil: an octet does).
-- Where the block is opaque to those who pass it on, it may be anything.
local function block(c, tree, name, n, first, depth, opaque)
	local range = take(c, n)
	if not range then
		return
	end
	local t = tree:add(f[name], range)
	local inner = cursor(c.tvb, c.at - n, c.at)
	local function payloads()
		chain(inner, t, first or uint(inner, t, "first_payload", 1), depth + 1)
	end
	if not opaque then
		payloads()
	elseif not pcall(payloads) then
		t:append_text(" (not that of a base ticket)")
	end
end

local function ticket_policy(c, tree, depth)
	local kind = uint(c, tree, "ticket_type", 2)
	uint(c, tree, "ticket_subtype", 1)
	uint(c, tree, "ticket_version", 1)
	local range = take(c, 3)
	local word, letters = range:uint(), ""
	tree:add(f.ticket_prf, range)
	for i, flag in ipairs(FLAGS) do
		if bit.band(word, 2 ^ (17 - i)) ~= 0 then
			letters = letters .. string.upper(flag[1])
		end
	end
	local t = tree:add(f.flags, range, letters)
	for _, flag in ipairs(FLAGS) do
		t:add(f["flags." .. flag[1]], range)
	end
	tree:add(f.ticket_reserved, range)
	tree:append_text(", " .. (TICKET_TYPE[kind] or "type " .. kind) .. ", flags " .. letters)
	block(c, tree, "tp_data", uint(c, tree, "length", 2), nil, depth)
	return kind
end

local THDR = 256 -- it has no number of its own

local function ticket(c, tree, depth)
	local kind = ticket_policy(c, tree, depth)
	local n = uint(c, tree, "length", 2)
	if kind == 1 then
		block(c, tree, "ticket_data", n, THDR, depth, true)
	else
		octets(c, tree, "ticket_data_octets", n)
	end
	block(c, tree, "initiator_data", uint(c, tree, "length", 2), nil, depth, true)
end

local READERS = {
	[1] = kemac,
	[2] = envelope,
	[3] = diffie_hellman,
	[4] = signature,
	[5] = timestamp,
	[6] = identity,
	[7] = certificate,
	[8] = hash,
	[9] = mac,
	[10] = policy,
	[11] = function(c, tree)
		octets(c, tree, "rand", uint(c, tree, "short_length", 1))
	end,
	[12] = function(c, tree)
		local number = uint(c, tree, "error_no", 1)
		uint(c, tree, "error_reserved", 2)
		tree:append_text(", " .. (ERROR[number] or "error " .. number))
	end,
	[13] = function(c, tree)
		local role = uint(c, tree, "ts_role", 1)
		tree:append_text(", " .. (TS_ROLE[role] or "role " .. role))
		timestamp(c, tree, role)
	end,
	[14] = function(c, tree)
		local role = uint(c, tree, "id_role", 1)
		tree:append_text(", " .. (ROLE[role] or "role " .. role))
		identity(c, tree)
	end,
	[15] = function(c, tree)
		local role = uint(c, tree, "rand_role", 1)
		tree:append_text(", " .. (ROLE[role] or "role " .. role))
		octets(c, tree, "rand", uint(c, tree, "short_length", 1))
	end,
	[16] = ticket_policy,
	[17] = ticket,
	[21] = extension,
	[THDR] = function(c, tree)
		octets(c, tree, "thdr", uint(c, tree, "length", 2))
	end,
}

-- Payloads that need to know how deep they are; the others get nil.
local NESTING = { [16] = true, [17] = true }

chain = function(c, tree, number, depth)
	if depth > 3 then
		error({ at = c.at, what = "nested too deeply" })
	end
	while number ~= 0 do
		local reader = READERS[number]
		if not reader then
			error({ at = c.at, what = "unknown payload " .. number })
		end
		local start = c.at
		local t = tree:add(f.payload, take(c, 1))
		c.at = start
		t:set_text((number == THDR and "THDR" or PAYLOAD[number]))
		-- SIGN has no Next Payload
		local following = number ~= 4 and uint(c, t, "next_payload", 1) or 0
		reader(c, t, NESTING[number] and depth or nil)
		t:set_len(c.at - start)
		number = following
	end
	finish(c)
end

---------------------------------------------------------------------------------------------------
-- Entry points

local own_mikey = DissectorTable.get("key_mgmt"):get_dissector("mikey")

-- Text of base64 becomes octets; NULL if it is none.
local function from_base64(tvb)
	local text = tvb():string():gsub("%s", "")
	if #text == 0 or #text % 4 ~= 0 or text:find("[^%w+/=]") then
		return nil
	end
	return ByteArray.new(text, true):base64_decode()
end

local function dissect(tvb, pinfo, tree)
	local t = tree:add(mikey, tvb())
	local c = cursor(tvb, 0, tvb:len())
	local ok, problem = pcall(function()
		chain(c, t, header(c, t, pinfo), 0)
	end)
	if not ok then
		local text = type(problem) == "table" and "offset " .. problem.at .. ": " .. problem.what or
			tostring(problem)
		t:add_proto_expert_info(e_broken, "Cannot be decoded at " .. text)
	end
end

function mikey.dissector(tvb, pinfo, tree)
	if tvb:len() < 2 then
		return 0
	end
	-- As base64, every message begins with "AQ": its first octet is 1.
	if tvb(0, 1):uint() == 0x41 then
		local decoded = from_base64(tvb)
		if not decoded then
			return 0
		end
		tvb = decoded:tvb("MIKEY from base64")
	end
	if tvb(0, 1):uint() ~= 1 then
		return 0
	end
	-- RFC 3830's own exchanges
	if own_mikey and tvb:len() > 1 and tvb(1, 1):uint() <= 5 then
		return own_mikey:call(tvb, pinfo, tree)
	end
	dissect(tvb, pinfo, tree)
	return tvb:len()
end

---------------------------------------------------------------------------------------------------
-- CMS AuthEnvelopedData (RFC 5083) with a KEKRecipientInfo (RFC 5652 section 6.2.3)

local fc = {
	version = ProtoField.int32("mikey_ticket_cms.version", "Version"),
	kekid = ProtoField.bytes("mikey_ticket_cms.key_identifier", "KEK key identifier"),
	wrap = ProtoField.oid("mikey_ticket_cms.key_encryption_algorithm", "Key encryption algorithm"),
	wrapped = ProtoField.bytes("mikey_ticket_cms.encrypted_key", "Encrypted key"),
	content_type = ProtoField.oid("mikey_ticket_cms.content_type", "Content type"),
	cipher = ProtoField.oid("mikey_ticket_cms.content_encryption_algorithm", "Content encryption algorithm"),
	content = ProtoField.bytes("mikey_ticket_cms.encrypted_content", "Encrypted content"),
	mac = ProtoField.bytes("mikey_ticket_cms.mac", "MAC"),
}
cms.fields = { fc.version, fc.kekid, fc.wrap, fc.wrapped, fc.content_type, fc.cipher, fc.content, fc.mac }

-- One BER element: its tag octet, a cursor over its contents; c moves behind it. Nil at the end of c,
-- and for forms that signed or encrypted messages have no need of (indefinite length, high tags).
local function element(c)
	if c.at + 2 > c.stop then
		return nil
	end
	local tag, n = c.tvb(c.at, 1):uint(), c.tvb(c.at + 1, 1):uint()
	local at = c.at + 2
	if bit.band(tag, 0x1f) == 0x1f or n == 0x80 or n > 0x84 then
		return nil
	end
	if n > 0x80 then
		local octets_of_n = n - 0x80
		if at + octets_of_n > c.stop then
			return nil
		end
		n = c.tvb(at, octets_of_n):uint()
		at = at + octets_of_n
	end
	if at + n > c.stop then
		return nil
	end
	c.at = at + n
	return tag, cursor(c.tvb, at, at + n)
end

-- The next element if it has this tag.
local function expect(c, tag)
	local before = c.at
	local got, inner = element(c)
	if got ~= tag then
		c.at = before
		return nil
	end
	return inner
end

local function show(tree, pf, inner)
	if inner and inner.stop > inner.at then
		return tree:add(pf, inner.tvb(inner.at, inner.stop - inner.at))
	end
end

local function algorithm(c, tree, pf)
	local sequence = expect(c, 0x30)
	show(tree, pf, sequence and expect(sequence, 0x06))
end

-- KEKRecipientInfo: version, kekid { keyIdentifier ... }, algorithm, encryptedKey
local function kek_recipient(c, tree, pinfo)
	expect(c, 0x02)
	local kekid = expect(c, 0x30)
	local id = kekid and expect(kekid, 0x04)
	local item = show(tree, fc.kekid, id)
	if item and id.tvb(id.at, 1):uint() == 1 then
		mikey.dissector(id.tvb(id.at, id.stop - id.at):tvb(), pinfo, item)
	end
	algorithm(c, tree, fc.wrap)
	show(tree, fc.wrapped, expect(c, 0x04))
end

function cms.dissector(tvb, pinfo, tree)
	local t = tree:add(cms, tvb())
	local all = cursor(tvb, 0, tvb:len())
	local c = expect(all, 0x30)
	if not c then
		return 0
	end
	show(t, fc.version, expect(c, 0x02))
	expect(c, 0xa0) -- originatorInfo
	local recipients = expect(c, 0x31)
	while recipients do
		local tag, inner = element(recipients)
		if not tag then
			break
		end
		if tag == 0xa2 then
			kek_recipient(inner, t, pinfo)
		end
	end
	local content = expect(c, 0x30)
	if content then
		show(t, fc.content_type, expect(content, 0x06))
		algorithm(content, t, fc.cipher)
		show(t, fc.content, expect(content, 0x80))
	end
	expect(c, 0xa1) -- authAttrs
	show(t, fc.mac, expect(c, 0x04))
	return tvb:len()
end

-- application/pkcs7-mime whose transfer encoding is base64: SIP and HTTP hand over the text.
local pkcs7 = Proto("mikey_ticket_pkcs7", "S/MIME body")
local AUTH_ENVELOPED = "1.2.840.113549.1.9.16.1.23"
local media = DissectorTable.get("media_type")
local own_cms = media:get_dissector("application/pkcs7-mime")

function pkcs7.dissector(tvb, pinfo, tree)
	if tvb:len() > 0 and tvb(0, 1):uint() ~= 0x30 then
		local decoded = from_base64(tvb)
		if decoded then
			tvb = decoded:tvb("CMS from base64")
		end
	end
	return own_cms and own_cms:call(tvb, pinfo, tree) or 0
end

DissectorTable.get("key_mgmt"):set("mikey", mikey)
media:add("application/mikey", mikey)
DissectorTable.get("ber.oid"):add(AUTH_ENVELOPED, cms)
if own_cms then
	media:set("application/pkcs7-mime", pkcs7)
end
