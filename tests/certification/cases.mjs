// The certification cases of a CSMS, OCPP 2.0.1 Edition 3 with the errata of 2025-09: number, name and
// the certification profiles that need it (M mandatory, C conditional on the feature in brackets; no
// profile: defined, but in no profile). tests/certification/run.mjs holds the tests against this list.

const LIST = `
A_01 | Basic Authentication - Valid username/password combination | Core M
A_02 | Basic Authentication - Username does not equal ChargingStationId | Core M
A_03 | Basic Authentication - Invalid password | Core M
A_04 | TLS - server-side certificate - Valid certificate | Core M
A_06 | TLS - server-side certificate - TLS version too low | Core M
A_07 | TLS - Client-side certificate - valid certificate | Advanced Security M
A_08 | TLS - Client-side certificate - Invalid certificate | Advanced Security M
A_09 | Update Charging Station Password for HTTP Basic Authentication - Accepted | Core M
A_10 | Update Charging Station Password for HTTP Basic Authentication - Rejected | Core M
A_11 | Update Charging Station Certificate by request of CSMS - Success - Charging Station Certificate | Advanced Security M
A_12 | Update Charging Station Certificate by request of CSMS - Success - V2G Certificate | ISO 15118 M
A_13 | Update Charging Station Certificate by request of CSMS - Success - Combined Certificate |
A_14 | Update Charging Station Certificate by request of CSMS - Invalid certificate | Advanced Security M
A_19 | Upgrade Charging Station Security Profile - Accepted | Core M
B_01 | Cold Boot Charging Station - Accepted | Core M
B_02 | Cold Boot Charging Station - Pending | Core C [C-44]
B_06 | Get Variables - single value | Core M
B_07 | Get Variables - multiple values | Core C [C-45]
B_08 | Get Variables - limit to maximum number of values |
B_09 | Set Variables - single value | Core M
B_10 | Set Variables - multiple values | Core C [C-46]
B_12 | Get Base Report - ConfigurationInventory | Core C [C-17]; Advanced Device Management M
B_13 | Get Base Report - FullInventory | Core C [C-50.2]
B_14 | Get Base Report - SummaryInventory | Advanced Device Management M
B_18 | Get Custom Report - with componentCriteria and component/variables | Advanced Device Management M
B_20 | Reset Charging Station - Without ongoing transaction - OnIdle | Core M
B_21 | Reset Charging Station - With Ongoing Transaction - OnIdle | Core M
B_22 | Reset Charging Station - With Ongoing Transaction - Immediate | Core M
B_25 | Reset EVSE - Without ongoing transaction | Core C [C-13]
B_26 | Reset EVSE - With Ongoing Transaction - OnIdle | Core C [C-13]
B_27 | Reset EVSE - With Ongoing Transaction - Immediate | Core C [C-13]
B_30 | Cold Boot Charging Station - Pending/Rejected - SecurityError | Core C [C-44 or NOT AQ-16]
B_31 | Cold Boot Charging Station - Pending/Rejected - TriggerMessage | Core C [C-44 or NOT AQ-16]
B_42 | Set new NetworkConnectionProfile - Accepted | Core M
B_44 | Set new NetworkConnectionProfile - Failed | Core M
B_58 | WebSocket Subprotocol validation | Core M
C_02 | Local start transaction - Authorization Invalid/Unknown | Core M
C_06 | Local start transaction - Authorization Blocked | Core M
C_07 | Local start transaction - Authorization Expired | Core M
C_08 | Authorization through authorization cache - Accepted | Core M
C_20 | Authorization through authorization cache - Invalid | Core M
C_37 | Clear Authorization Data in Authorization Cache - Accepted | Core M
C_38 | Clear Authorization Data in Authorization Cache - Rejected | Core M
C_39 | Authorization by GroupId - Success | Core M
C_40 | Authorization by Groupid - Success with Local Authorization List | Local Authorization List Management M
C_43 | Authorization by GroupId - Invalid status with Local Authorization List | Local Authorization List Management M
C_47 | Stop Transaction with a Master Pass - With UI - All transactions | Core M
C_48 | Stop Transaction with a Master Pass - With UI - Specific transactions | Core M
C_49 | Stop Transaction with a Master Pass - Without UI | Core M
C_50 | Authorization using Contract Certificates 15118 - Online - Local contract certificate validation - Accepted | ISO 15118 M
C_51 | Authorization using Contract Certificates 15118 - Online - Local contract certificate validation - Rejected | ISO 15118 M
C_52 | Authorization using Contract Certificates 15118 - Online - Central contract certificate validation - Accepted | ISO 15118 M
D_01 | Send Local Authorization List - Full | Local Authorization List Management M
D_02 | Send Local Authorization List - Differential Update | Local Authorization List Management M
D_03 | Send Local Authorization List - Differential Remove | Local Authorization List Management M
D_04 | Send Local Authorization List - Full with empty list | Local Authorization List Management M
D_08 | Get Local List Version - Success | Local Authorization List Management C [LA-2]
D_09 | Get Local List Version - No list available | Local Authorization List Management M
E_01 | Start transaction options - PowerPathClosed | Core M
E_02 | Start transaction options - EnergyTransfer | Core M
E_03 | Local start transaction - Cable plugin first - Success | Core M
E_04 | Local start transaction - Authorization first - Success | Core M
E_07 | Stop transaction options - PowerPathClosed - Local stop | Core M
E_08 | Stop transaction options - EnergyTransfer stopped - StopAuthorized | Core M
E_09 | Start transaction options - EVConnected | Core M
E_10 | Start transaction options - Authorized - Local | Core M
E_11 | Start transaction options - DataSigned | Core M
E_12 | Start transaction options - ParkingBayOccupied | Core M
E_14 | Stop transaction options - EVDisconnected - Charging Station side | Core M
E_15 | Stop transaction options - StopAuthorized - Local | Core M
E_16 | Stop transaction options - Deauthorized - Invalid idToken | Core M
E_17 | Stop transaction options - Deauthorized - EV side disconnect | Core M
E_19 | Stop transaction options - ParkingBayUnoccupied | Core M
E_20 | Stop transaction options - EVDisconnected - EV side (able to charge IEC 61851-1 EV) | Core M
E_21 | Stop transaction options - StopAuthorized - Remote | Core M
E_22 | Stop transaction options - EnergyTransfer stopped - SuspendedEV | Core M
E_26 | Disconnect cable on EV-side - Suspend transaction | Core M
E_29 | Check Transaction status - Transaction with id ongoing - with message in queue | Core C [C-16]
E_30 | Check Transaction status - Transaction with id ongoing - without message in queue | Core C [C-16]
E_31 | Check Transaction status - Transaction with id ended - with message in queue | Core C [C-16]
E_33 | Check Transaction status - Without transactionId - with message in queue | Core C [C-16]
E_34 | Check Transaction status - Without transactionId - without message in queue | Core C [C-16]
E_38 | Local start transaction - EV not ready | Core M
E_39 | Stop transaction options - Deauthorized - timeout | Core M
E_53 | Reset Sequence Number - CSMS accepting seqNo = 0 at start of transaction | Core M
F_01 | Remote start transaction - Cable plugin first | Core M
F_02 | Remote start transaction - Remote start first - authorizeRemoteStart is true | Core M
F_03 | Remote start transaction - Remote start first - authorizeRemoteStart is false | Core M
F_04 | Remote start transaction - Remote start first - Cable plugin timeout | Core M
F_06 | Remote unlock Connector - Without ongoing transaction - Accepted | Core C [C-11]
F_11 | Trigger message - MeterValues - Specific EVSE | Core C [C-29.1]
F_12 | Trigger message - MeterValues - All EVSE | Core C [C-29.1]
F_13 | Trigger message - TransactionEvent - Specific EVSE | Core C [C-29.2]
F_14 | Trigger message - TransactionEvent - All EVSE | Core C [C-29.2]
F_15 | Trigger message - LogStatusNotification - Idle | Core C [C-29.3]
F_18 | Trigger message - FirmwareStatusNotification - Idle | Core C [C-29.4]
F_20 | Trigger message - Heartbeat | Core M
F_23 | Trigger message - StatusNotification - Specific EVSE - Available | Core C [C-29.5]
F_24 | Trigger message - StatusNotification - Specific EVSE - Occupied | Core C [C-29.5]
F_27 | Trigger message - NotImplemented | Core M
G_03 | Change Availability EVSE - Operative to inoperative | Core M
G_04 | Change Availability EVSE - Inoperative to operative | Core M
G_05 | Change Availability Charging Station - Operative to inoperative | Core M
G_06 | Change Availability Charging Station - Inoperative to operative | Core M
G_07 | Change Availability Connector - Operative to inoperative | Core M
G_08 | Change Availability Connector - Inoperative to operative | Core M
G_11 | Change Availability EVSE - With ongoing transaction | Core M
G_14 | Change Availability Charging Station - With ongoing transaction | Core M
G_17 | Change Availability Connector - With ongoing transaction | Core M
G_20 | Connector Status Notification - Lock Failure | Core M
H_01 | Reserve a specific EVSE - Accepted - Valid idToken | Reservation M
H_07 | Reserve a specific EVSE - Reservation Ended / not used | Reservation M
H_08 | Reserve an unspecified EVSE - Accepted | Reservation C [R-2]
H_14 | Reserve an unspecified EVSE - Amount of EVSEs available equals the amount of reservations | Reservation C [R-2]
H_15 | Reserve a connector with a specific type - Success | Reservation C [For CSMS: R-1, For CS: R-2]
H_17 | Cancel reservation of an EVSE - Success | Reservation M
H_19 | Reserve a specific EVSE - Use a reserved EVSE with GroupId | Reservation M
H_20 | Charging Station cancels reservation when Faulted | Reservation M
H_22 | Reserve a specific EVSE - Configured to Reject | Reservation M
I_01 | Show EV Driver running total cost during charging - costUpdatedRequest | Advanced User Interface M
I_02 | Show EV Driver Final Total Cost After Charging | Advanced User Interface M
J_01 | Clock-aligned Meter Values - No transaction ongoing | Core M
J_02 | Clock-aligned Meter Values - Transaction ongoing | Core M
J_03 | Clock-aligned Meter Values - EventType Ended | Core M
J_04 | Clock-aligned Meter Values - Signed | Core M
J_07 | Sampled Meter Values - EventType Started - EVSE known | Core M
J_08 | Sampled Meter Values - Context Transaction.Begin - EVSE not known | Core M
J_09 | Sampled Meter Values - EventType Updated | Core M
J_10 | Sampled Meter Values - EventType Ended | Core M
J_11 | Sampled Meter Values - Signed | Core M
K_01 | Set Charging Profile - TxDefaultProfile - Specific EVSE | Smart Charging M; ISO 15118 M
K_02 | Set Charging Profile - TxProfile without ongoing transaction on the specified EVSE |
K_03 | Set Charging Profile - ChargingStationMaxProfile | Smart Charging M; ISO 15118 M
K_04 | Replace charging profile - With chargingProfileId | Smart Charging M; ISO 15118 M
K_05 | Clear Charging Profile - With chargingProfileId | Smart Charging M; ISO 15118 M
K_06 | Clear Charging Profile - With stackLevel/purpose combination for one profile | Smart Charging M; ISO 15118 M
K_08 | Clear Charging Profile - Without previous charging profile | Smart Charging M; ISO 15118 M
K_10 | Set Charging Profile - TxDefaultProfile - All EVSE | Smart Charging C [SC-4]; ISO 15118 M
K_15 | Set Charging Profile - Not Supported | Smart Charging M
K_19 | Set Charging Profile - ChargingProfileKind is Recurring | Smart Charging M; ISO 15118 M
K_29 | Get Charging Profile - EvseId 0 | Smart Charging M; ISO 15118 M
K_30 | Get Charging Profile - EvseId > 0 | Smart Charging M; ISO 15118 M
K_31 | Get Charging Profile - No EvseId | Smart Charging M; ISO 15118 M
K_32 | Get Charging Profile - chargingProfileId | Smart Charging M; ISO 15118 M
K_33 | Get Charging Profile - EvseId > 0 + stackLevel | Smart Charging M; ISO 15118 M
K_34 | Get Charging Profile - EvseId > 0 + chargingLimitSource | Smart Charging M; ISO 15118 M
K_35 | Get Charging Profile - EvseId > 0 + chargingProfilePurpose | Smart Charging M; ISO 15118 M
K_36 | Get Charging Profile - EvseId > 0 + chargingProfilePurpose + stackLevel | Smart Charging M; ISO 15118 M
K_37 | Remote start transaction with charging profile - Success | Smart Charging M
K_43 | Get Composite Schedule - Specific EVSE | Smart Charging M; ISO 15118 M
K_44 | Get Composite Schedule - Charging Station | Smart Charging M; ISO 15118 M
K_48 | Set / Update External Charging Limit (not on a transaction) |
K_50 | Reset / release external charging limit - Without ongoing transaction |
K_51 | Reset / release external charging limit - With ongoing transaction |
K_52 | Set / Update External Charging Limit (not on a transaction) - ChargingStationExternalConstraints in report |
K_53 | Charging with load leveling based on High Level Communication - Success | ISO 15118 M
K_55 | Charging with load leveling based on High Level Communication - EV charging profile exceeds limits | ISO 15118 M
K_57 | Renegotiating a Charging Schedule - Initiated by EV | ISO 15118 M
K_58 | Renegotiating a Charging Schedule - Initiated by CSMS | ISO 15118 M
K_59 | Renegotiating a Charging Schedule - Initiated by CSMS - Send NotifyEVChargingNeeds | ISO 15118 M
K_60 | Set Charging Profile - TxProfile with ongoing transaction on the specified EVSE | Smart Charging M; ISO 15118 M
K_70 | Set Charging Profile - Multiple Profiles | Smart Charging M
L_01 | Secure Firmware Update - Installation successful | Core M
L_02 | Secure Firmware Update - InstallScheduled | Core C [C-15]
L_03 | Secure Firmware Update - DownloadScheduled | Core C [C-15]
L_04 | Secure Firmware Update - RevokedCertificate | Core M
L_05 | Secure Firmware Update - InvalidCertificate | Core M
L_06 | Secure Firmware Update - InvalidSignature | Core M
L_07 | Secure Firmware Update - DownloadFailed | Core M
L_08 | Secure Firmware Update - InstallVerificationFailed | Core M
L_09 | Secure Firmware Update - InstallationFailed | Core M
L_10 | Secure Firmware Update - AcceptedCanceled | Core M
L_11 | Secure Firmware Update - Unable to cancel | Core M
L_13 | Secure Firmware Update - Unable to download/install firmware with ongoing transaction - AllowNewSessionsPendingFirmwareUpdate is false | Core M
L_17 | Publish Firmware - Published |
L_19 | Publish Firmware - Invalid Checksum |
L_20 | Publish Firmware - PublishFailed |
L_21 | Unpublish Firmware - Unpublished |
L_22 | Unpublish Firmware - NoFirmware |
L_23 | Unpublish Firmware - Download Ongoing |
L_24 | Publish Firmware - Download failed |
M_01 | Install CA certificate - CSMSRootCertificate | Core M
M_02 | Install CA certificate - ManufacturerRootCertificate | Core M
M_03 | Install CA certificate - V2GRootCertificate | ISO 15118 M
M_04 | Install CA certificate - MORootCertificate | ISO 15118 M
M_05 | Install CA certificate - Failed | Core M
M_12 | Retrieve certificates from Charging Station - CSMSRootCertificate |
M_13 | Retrieve certificates from Charging Station - ManufacturerRootCertificate | Core M
M_14 | Retrieve certificates from Charging Station - V2GRootCertificate | ISO 15118 M
M_15 | Retrieve certificates from Charging Station - V2GCertificateChain | ISO 15118 M
M_16 | Retrieve certificates from Charging Station - MORootCertificate | ISO 15118 M
M_17 | Retrieve certificates from Charging Station - CSMSRootCertificate & ManufacturerRootCertificate |
M_18 | Retrieve certificates from Charging Station - All certificateTypes | Core M
M_19 | Retrieve certificates from Charging Station - No matching certificate found | Core M
M_20 | Delete a certificate from a Charging Station - Success | Core M
M_21 | Delete a certificate from a Charging Station - Failed | Core M
M_24 | Get Charging Station Certificate status - Success | ISO 15118 M
M_26 | Certificate Installation EV - Success | ISO 15118 M
M_28 | Certificate Update EV - Success | ISO 15118 M
N_01 | Get Monitoring Report - with monitoringCriteria | Advanced Device Management M
N_02 | Get Monitoring Report - with component/variable | Advanced Device Management M
N_03 | Get Monitoring Report - with component criteria and component/variable | Advanced Device Management M
N_05 | Set Monitoring Base - success | Advanced Device Management M
N_08 | Set Variable Monitoring - One SetMonitoringData element | Advanced Device Management M
N_09 | Set Variable Monitoring - Multiple elements on different component and variable |
N_16 | Set Monitoring Level - Success | Advanced Device Management M
N_17 | Set Monitoring Level - Out of range | Advanced Device Management M
N_18 | Clear Monitoring - Too many elements | Advanced Device Management M
N_21 | Alert Event - HardWiredMonitor | Advanced Device Management M
N_24 | Set Variable Monitoring - Periodic event | Advanced Device Management M
N_25 | Retrieve Log Information - Diagnostics Log - Success | Core M
N_27 | Get Customer Information - Accepted + data | Core M
N_28 | Get Customer Information - Accepted + no data | Core M
N_29 | Get Customer Information - Not Accepted | Core M
N_30 | Clear Customer Information - Clear and report + data | Core M
N_31 | Clear Customer Information - Clear and report + no data | Core M
N_32 | Clear Customer Information - Clear and no report | Core M
N_34 | Retrieve Log Information - Rejected | Core M
N_35 | Retrieve Log Information - Security Log - Success | Core M
N_36 | Retrieve Log Information - Second Request | Core M
N_44 | Clear Monitoring - Rejected | Advanced Device Management M
N_46 | Clear Customer Information - Update Local Authorization List | Local Authorization List Management M
N_47 | Get Monitoring report - Report all | Advanced Device Management M
N_48 | Alert Event - Variable monitoring on write only |
N_49 | Alert Event - LowerThreshold/UpperThreshold cleared after reboot | Advanced Device Management M
N_50 | Alert Event - Periodic Triggered | Advanced Device Management M
N_60 | Get Monitoring Report - with component criteria and list of components/variables | Advanced Device Management M
N_62 | Clear Customer Information - Clear and report - customerIdentifier | Core C [C-14]
N_63 | Clear Customer Information - Clear and report - customerCertificate | ISO 15118 C [ISO-4]
O_01 | Set Display Message - Success | Advanced User Interface M
O_02 | Get all Display Messages - Success | Advanced User Interface M
O_03 | Get all Display Messages - No DisplayMessages configured | Advanced User Interface M
O_04 | Clear Display Message - Success | Advanced User Interface M
O_05 | Clear Display Message - Unknown Key | Advanced User Interface M
O_06 | Set Display Message - Specific transaction - Success | Advanced User Interface M
O_07 | Get a Specific Display Message - Id | Advanced User Interface M
O_08 | Get a Specific Display Message - Priority | Advanced User Interface M
O_09 | Get a Specific Display Message - State | Advanced User Interface M
O_10 | Set Display Message - Specific transaction - UnknownTransaction | Advanced User Interface M
O_11 | Get a Specific Display Message - Unknown parameters |
O_12 | Set Display Message - Replace DisplayMessage | Advanced User Interface M
O_13 | Set Display Message - Display message at StartTime | Advanced User Interface M
O_14 | Set Display Message - Remove message after EndTime | Advanced User Interface M
O_17 | Set Display Message - NotSupportedPriority | Advanced User Interface M
O_18 | Set Display Message - NotSupportedState | Advanced User Interface M
O_19 | Set Display Message - NotSupportedMessageFormat | Advanced User Interface M
O_25 | Set Display Message - Send Specific state |
O_26 | Set Display Message - Rejected | Advanced User Interface M
O_27 | Set Display Message - Specific transaction - Display message at StartTime | Advanced User Interface M
O_28 | Set Display Message - Specific transaction - Remove message after EndTime | Advanced User Interface M
P_02 | Data Transfer to the CSMS - Rejected / Unknown VendorId / Unknown MessageId | Core M
P_03 | CustomData - Receive custom data | Core M
`;

/** Cases that no longer exist. */
export const elsewhere = {
	A_13: 'withdrawn by the errata of 2025-02',
};

/** "Core C [C-44]; ISO 15118 M" */
function profilesOf(text) {
	return text.split('; ').filter(Boolean).map((p) => {
		const [, profile, need, condition] = /^(.+) ([MC])(?: \[(.+)\])?$/.exec(p);
		return { profile, need, ...(condition && { condition }) };
	});
}

/** [{ id: 'TC_A_01_CSMS', number: 'A_01', block: 'A', name, profiles: [{profile, need, condition}] }] */
export const cases = LIST.trim().split('\n').map((line) => {
	const [number, name, profiles] = line.split('|').map((s) => s.trim());
	return { id: `TC_${number}_CSMS`, number, block: number[0], name, profiles: profilesOf(profiles) };
});

/** 'M' when one profile demands it, 'C' when it is conditional only, '-' when none names it. */
export function need(c) {
	const all = c.profiles.map((p) => p.need);
	return all.includes('M') ? 'M' : all.includes('C') ? 'C' : '-';
}

export const blocks = {
	A: 'Security', B: 'Provisioning', C: 'Authorization', D: 'Local authorization list', E: 'Transactions',
	F: 'Remote control', G: 'Availability', H: 'Reservation', I: 'Tariff and cost', J: 'Meter values',
	K: 'Smart charging', L: 'Firmware management', M: 'Certificate management', N: 'Diagnostics',
	O: 'Display messages', P: 'Data transfer',
};
