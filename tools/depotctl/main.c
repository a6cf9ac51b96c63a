#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/depotctl/client.h"
#include "tools/depotctl/commands.h"

/* name, arguments, handler, fewest and most words, options, help, example */
const struct command ctl_commands[] = {
	{"status", "", ctl_status, 0, 0, "",
		"The state of the night in a sentence, the tree, the vans", "depotctl status"},
	{"watch", "", ctl_watch, 0, 0, "", "The same, live; --json prints a line for each change",
		"depotctl watch --json | jq .sentence"},
	{"stations", "", ctl_stations, 0, 0, "", "All stations and their EVSEs",
		"depotctl stations"},
	{"station", "STATION", ctl_station, 1, 1, "", "One station in full",
		"depotctl station AC-01"},
	{"vehicles", "", ctl_vehicles, 0, 0, "", "All vehicles: battery, departure, state and why",
		"depotctl vehicles"},
	{"vehicle",
		"show ID | set ID [MEMBER=VALUE …] | soc ID PCT [--at T] | remove ID |\n"
		"              import FILE.csv|- [--check]",
		ctl_vehicle, 1, -1, "--check --at=",
		"A vehicle as it is described; changes it (MEMBER= takes a value away), adds it, or takes "
		"many from a CSV file whose first line names the members; soc: tells the state of charge "
		"that you read off it, now or at T",
		"depotctl vehicle set VAN-7 battery_wh=75000 chemistry=lfp departs=05:30"},
	{"trip",
		"[list [--vehicle V] [--from T] [--to T] [--limit N] [--over]] | add ID MEMBER=VALUE … |\n"
		"              import FILE.csv|- [--check] | remove ID | models | roster [add ID MEMBER=VALUE … | remove ID]",
		ctl_trip, 0, -1, "--vehicle= --from= --to= --limit= --over --check",
		"What vehicles have to do: trips planned and over, a yard list in CSV; models: what "
		"classes of vehicles were found to take; roster: what vehicles do each week",
		"depotctl trip add T-81 vehicle=VAN-7 departs=2026-11-22T06:15:00+01:00 "
		"returns=2026-11-22T14:00:00+01:00 distance_km=120"},
	{"readiness", "[VEHICLE] [--plan ID]", ctl_readiness, 0, 1, "--plan=",
		"How likely it is that vehicles leave with what they need, and what would raise that "
		"most",
		"depotctl readiness VAN-7"},
	{"report", "chances [--since T]", ctl_report, 1, 1,
		"--since=", "Chances that were told of departures, held against what happened",
		"depotctl report chances --since 2026-10-01T00:00:00Z"},
	{"telematics",
		"[sources] | token SOURCE | readings VEHICLE [--quantity Q] [--source S] [--from T] [--to T]\n"
		"              [--limit N] | aside [--source S] [--fault F] [--limit N] |\n"
		"              correct ID [--vehicle V] [--quantity Q] [--value N] [--measured T] |\n"
		"              replay [ID | --source S --fault F] | drop ID",
		ctl_telematics, 0, 2,
		"--quantity= --source= --from= --to= --limit= --fault= --vehicle= --value= --measured=",
		"Where vehicles' reports come from, what they were, and what could not be taken",
		"depotctl telematics aside --fault unknown-vehicle"},
	{"sessions",
		"[--station S] [--vehicle V] [--state open|ended] [--from T] [--to T] [--limit N]",
		ctl_sessions, 0, 0, "--station= --vehicle= --state= --from= --to= --limit=",
		"Charging transactions, newest first", "depotctl sessions --state open"},
	{"session", "STATION TRANSACTION [--meter-values | --signed]", ctl_session, 2, 2,
		"--meter-values --signed",
		"One transaction with its events; --meter-values: all its readings; --signed: what its "
		"meter signed, as JSON",
		"depotctl session AC-01 8f2a"},
	{"meters", "", ctl_meters, 0, 0, "", "Meters, their readings and their links",
		"depotctl meters"},
	{"meter",
		"list | show ID | registers ID | watch ID | ask ID | wiring [reset] |\n"
		"              identify HOST[:PORT]|DEVICE UNIT |\n"
		"              scan HOST[:PORT]|DEVICE [--units 1-20] [--timeout MS] [--baud N]\n"
		"              [--parity none|even|odd] [--no-identify]",
		ctl_meter, 0, 3, "--units= --timeout= --baud= --parity= --no-identify",
		"A meter with its link, its registers as they came and as they were read; who is on a "
		"gateway or bus, and what",
		"depotctl meter scan 192.168.1.20 --units 1-20"},
	{"points", "[PREFIX [--one]] [--max-age SECONDS] [--after NAME] [--limit N]", ctl_points, 0,
		1, "--one --max-age= --after= --limit=",
		"Newest value of each measuring point, with age and quality; --one: of the point of "
		"that very name",
		"depotctl points evse/AC-01/1/Current"},
	{"walk", "STATION EVSE --yes | cancel", ctl_walk, 1, 2, "--yes",
		"Commissioning walk: lowers a charging EVSE three times and shows which meters move, on "
		"which phase and by how much",
		"depotctl walk AC-01 1 --yes"},
	{"tree", "", ctl_tree, 0, 0, "", "Nodes of the microgrid, their loads and limits",
		"depotctl tree"},
	{"grid",
		"[node|meter ID [KEY=VALUE …] | remove node|meter ID | apply FILE] [--check] [--yes] [--why TEXT]",
		ctl_grid, 0, -1, "--check --yes --why=",
		"The tree as it is described, as YAML; changes a node or a meter (KEY= takes a value "
		"away), or takes those of a file; in force at once; --check only judges, --yes also takes away the last rating above "
		"EVSEs",
		"depotctl grid node yard limit_w=50000 --why 'new fuse'"},
	{"tariff", "[list] | show ID | set FILE | check FILE | remove ID", ctl_tariff, 0, 2, "",
		"What the depot pays for energy; a tariff is a YAML file (etc/tariffs)",
		"depotctl tariff check etc/tariffs/sce-tou-ev-8.yaml"},
	{"prices",
		"[show] [--from T] [--to T] [--slot-s N] [--tariff ID] | series | put SERIES FILE "
		"[--format entsoe|csv|json] | fetch SERIES",
		ctl_prices, 0, 3, "--from= --to= --slot-s= --tariff= --format=",
		"Prices of the next day with source and age; the series that they rest on",
		"depotctl prices --slot-s 900"},
	{"costs",
		"[--by session|vehicle|day] [--from T] [--to T] [--vehicle V] [--station S] [--csv] | "
		"STATION TRANSACTION",
		ctl_costs, 0, 2, "--by= --from= --to= --vehicle= --station= --limit= --csv",
		"What the energy of sessions cost, and was expected to; one of them again from the "
		"journal",
		"depotctl costs --by vehicle"},
	{"bill", "[--from T] [--to T] [--tariff ID]", ctl_bill, 0, 0, "--from= --to= --tariff=",
		"The site's bill so far, line by line, by its demand windows",
		"depotctl bill --tariff sce-tou-ev-8"},
	{"plan",
		"[list [--limit N] | explain VEHICLE|STATION/EVSE [--plan ID] | diff ID EARLIER | replay ID | approve|reject ID [--node NODE] --why TEXT | mode NODE shadow|assisted|automatic --why TEXT|--check]",
		ctl_plan, 0, 3, "--limit= --plan= --why= --node= --check",
		"The charging plan in force, and how far chargers go by it; past ones; why a vehicle charges when it does; what changed "
		"since an earlier plan; replay: makes one again of what the journal kept",
		"depotctl plan explain VAN-7"},
	{"whatif", "[--feeder NODE=+20kW]… [--vans +5] [--tariff ID] [--v2g] [--nights 30]",
		ctl_whatif, 0, 0, "--feeder= --node= --vans= --tariff= --v2g --nights=",
		"Plans of past nights made again with other limits, more vans or another tariff: money, lateness, "
		"what 1 kW more at each limit is worth, and --v2g: what batteries could earn by giving back",
		"depotctl whatif --feeder yard=+20kW --nights 30"},
	{"storage", "", ctl_storage, 0, 0, "",
		"Batteries that can give back: what is planned, what it is worth, who is told",
		"depotctl storage"},
	{"discharge", "stop [--why TEXT] | release --why TEXT", ctl_discharge, 1, 1,
		"--why=", "Emergency stop: nothing gives energy back until it is released",
		"depotctl discharge stop --why \"smoke at CP-7\""},
	{"flexibility", "[--minutes N] [--hours N]", ctl_flexibility, 0, 0, "--minutes= --hours=",
		"The fleet as one battery: what it can draw less or more, and when",
		"depotctl flexibility --minutes 30"},
	{"command",
		"STATION ACTION [PAYLOAD|-] [--wait none|answer|end] [--timeout SECONDS] [--why TEXT]\n"
		"[--force] [--try]",
		ctl_command, 2, 3, "--wait= --timeout= --why= --force --try",
		"Asks a station for something and follows it to its true end (with --wait end): a Reset "
		"until it is back; --try says what it would do to vans; - reads the payload from stdin",
		"depotctl command AC-01 Reset '{\"type\":\"OnIdle\"}' --wait end"},
	{"commands", "[STATION | ID] [--state open|done|failed|…] [--action A] [--limit N]",
		ctl_commands_list, 0, 1, "--state= --action= --limit=",
		"Commands to stations, newest first: who asked, why, how far they are",
		"depotctl commands --state open"},
	{"forget", "ID", ctl_forget, 1, 1, "",
		"Stops waiting for a command; what the station does is its own affair",
		"depotctl forget 01KAH3T2G6X0Q8Y2J3M4N5P6R7"},
	{"call", "STATION ACTION [PAYLOAD|-] [--timeout SECONDS] [--why TEXT] [--async] [--force]",
		ctl_call, 2, 3, "--timeout= --why= --async --force",
		"Sends an OCPP action to a station and prints its answer; - reads the payload from stdin",
		"depotctl call AC-01 Reset '{\"type\":\"OnIdle\"}' --why 'firmware hangs'"},
	{"calls", "[STATION] [--limit N]", ctl_calls, 0, 1, "--limit=",
		"Calls to stations, newest first: who asked, why, and what came of them; --json prints "
		"payloads and answers too",
		"depotctl calls AC-01 --limit 20"},
	{"variables",
		"[STATION] [--component C] [--variable V] [--text T] [--changed TIME] [--after N]\n"
		"              [--limit N]",
		ctl_variables, 0, 1,
		"--component= --variable= --text= --changed= --after= --limit=",
		"What stations said of their variables; without STATION those of all",
		"depotctl variables AC-01 --component SecurityCtrlr"},
	{"compare", "STATION STATION [--all] [--after N] [--limit N]", ctl_compare, 2, 2,
		"--all --after= --limit=", "Variables in which two stations differ",
		"depotctl compare AC-01 AC-02"},
	{"set-variable",
		"COMPONENT[INSTANCE] VARIABLE[INSTANCE] VALUE|- --stations S,S…|--all\n"
		"              [--evse EVSE[/CONNECTOR]] [--attribute A] [--why TEXT]",
		ctl_set_variable, 3, 3, "--stations= --all --evse= --attribute= --why=",
		"Writes a variable to stations and waits for the result of each; --all: to all that are "
		"connected; - reads the value from stdin",
		"depotctl set-variable OCPPCommCtrlr HeartbeatInterval 600 --all"},
	{"network-profile",
		"STATION SLOT URL [--security-profile N] [--interface I] [--message-timeout SECONDS]\n"
		"              [--now] [--within SECONDS] [--wait] [--why TEXT]",
		ctl_network_profile, 3, 3,
		"--security-profile= --interface= --message-timeout= --now --within= --wait --why=",
		"Moves a station to another network profile: sets it, puts it first (the old ones stay "
		"behind it), restarts the station when it is idle (--now: at once) and looks at it when it is back",
		"depotctl network-profile AC-01 2 wss://csms.example:9001/ocpp --wait"},
	{"job", "ID", ctl_job, 1, 1, "", "How far a job is, station by station",
		"depotctl job 01KAH3T2G6X0Q8Y2J3M4N5P6R7"},
	{"profiles", "STATION", ctl_profiles, 1, 1, "",
		"Charging profiles that the station is believed to hold, limits of others, needs",
		"depotctl profiles AC-01"},
	{"composite", "STATION [EVSE] [--duration SECONDS] [--ask]", ctl_composite, 1, 2,
		"--duration= --ask",
		"All its profiles together as one limit over time; --ask: as the station sees it too",
		"depotctl composite AC-01 1 --ask"},
	{"monitors", "STATION", ctl_monitors, 1, 1, "", "Monitors of the station's variables",
		"depotctl monitors AC-01"},
	{"displays", "STATION", ctl_displays, 1, 1, "", "Messages that the station shows or keeps",
		"depotctl displays AC-01"},
	{"customer-reports", "STATION [--limit N]", ctl_customer_reports, 1, 1, "--limit=",
		"What the station told of customers when it was asked; for administrators",
		"depotctl customer-reports AC-01"},
	{"security-events", "STATION [--limit N]", ctl_security_events, 1, 1, "--limit=",
		"Security events of the station, newest first", "depotctl security-events AC-01"},
	{"alerts", "[STATION] [--all] [--limit N]", ctl_alerts, 0, 1,
		"--all --limit=", "Alerts of stations that last; --all: those that are over too",
		"depotctl alerts AC-01 --all"},
	{"logs", "STATION [--security] [--oldest T] [--latest T] [--why TEXT] [--wait] [-o FILE]",
		ctl_logs, 1, 1, "--security --oldest= --latest= --why= --wait --out= -o=",
		"Asks a station for its log; --wait stays until it is there, -o writes it to a file",
		"depotctl logs AC-01 --wait -o AC-01.log"},
	{"files", "[STATION] [--limit N] | get ID -o FILE | remove ID", ctl_files, 0, 2,
		"--limit= --out= -o=", "Files that stations brought, newest first",
		"depotctl files AC-01"},
	{"firmware",
		"list | add FILE --vendor V --release X [--model M] [--signature FILE "
		"--certificate FILE]\n"
		"              | update STATION ID [--retrieve-at T] [--install-at T] "
		"[--allow-unsigned] [--why TEXT] [--wait]\n"
		"              | trust NAME FILE [--why TEXT] | remove ID",
		ctl_firmware, 1, 3,
		"--vendor= --release= --model= --signature= --certificate= --retrieve-at= "
		"--install-at= --allow-unsigned --why= --wait",
		"Firmware images: added and verified, sent to a station; `trust` adds a maker's root",
		"depotctl firmware add cp-2.1.bin --vendor Acme --release 2.1 --signature cp-2.1.sig "
		"--certificate acme.pem"},
	{"campaign",
		"list | start FIRMWARE [STATION …] [--at-once N] [--install-at T] [--allow-unsigned]\n"
		"              [--why TEXT] | show ID | cancel ID",
		ctl_campaign, 1, -1,
		"--at-once= --retrieve-at= --install-at= --allow-unsigned --why=",
		"Firmware for many stations, a few at a time; without stations: all that it fits",
		"depotctl campaign start 01M7Y4 --at-once 5"},
	{"certificates", "STATION [--refresh] | calendar [--within DAYS]", ctl_certificates, 1, 1,
		"--refresh --within=",
		"Certificates that a station holds (--refresh asks it first); or what ends when",
		"depotctl certificates AC-01 --refresh"},
	{"ca",
		"show | requests [STATION] | issued [STATION] | revoke FINGERPRINT --why TEXT\n"
		"              | renew STATION [--v2g | --combined] [--evse N] [--why TEXT]\n"
		"              | calendar [--within DAYS]\n"
		"              | rollover start|status|switch [--without STATION,…]|abort [--why TEXT]",
		ctl_ca, 0, 2, "--reason= --v2g --combined --evse= --why= --within= --without=",
		"Certificates for stations: who signs, what was asked for and issued, what ends when; "
		"`rollover` gives the depot a new root",
		"depotctl ca renew AC-01"},
	{"identity",
		"STATION [--serial N] [--expired allow|refuse] [--factory allow|refuse] [--why TEXT]",
		ctl_identity, 1, 1, "--serial= --expired= --factory= --why=",
		"What certificate the station may come with (security profile 3), and came with last; or "
		"sets its serial number, or lets it come with an expired or its maker's certificate to "
		"renew it",
		"depotctl identity CP-30 --expired allow --why 'a year in store'"},
	{"refusals", "[--limit N]", ctl_refusals, 0, 0,
		"--limit=", "Who was not let in as a station, newest first: from where, and why",
		"depotctl refusals --limit 20"},
	{"roots", "[list] | add mo|v2g NAME FILE | remove mo|v2g NAME   [--why TEXT]", ctl_roots, 0,
		4, "--why=",
		"Authorities whose contracts may charge (plug and charge); a file may hold sub-CAs too",
		"depotctl roots add mo hubject mo-roots.pem"},
	{"pki",
		"lab DIR [--profile iso15118-2|iso15118-20|FILE] [--ocsp HOST:PORT [--one-port]]\n"
		"              [--emaid E] [--secc ID]",
		ctl_pki, 2, 2, "--profile= --ocsp= --one-port --emaid= --secc=",
		"Makes all certificates of plug and charge for trying it out; needs no depotd",
		"depotctl pki lab ./lab --profile iso15118-20"},
	{"set-station",
		"STATION [--evse ID:KIND:MAX_W[:MIN_W[:PHASES[:TAIL_W[:CONNECTORS]]]][:ROTATION] …]\n"
		"              [--node N] [--name TEXT] [--profile 0..3] [--policy accepted|pending|rejected]\n"
		"              [--control automatic|manual] [--password P|- | --generate]\n"
		"              [--serial N] [--why TEXT]",
		ctl_set_station, 1, 1,
		"--evse= --node= --name= --profile= --policy= --control= --password= --generate "
		"--serial= --why=",
		"Registers or changes a station; --password - reads it from stdin, --generate makes one; "
		"ROTATION is how its phases hang on those of the grid: STR where its L1 is the grid's L2",
		"depotctl set-station CP-30 --node feeder-a --profile 2 --generate --evse 1:ac:22000:4140"},
	{"register", "STATION …", ctl_set_station, 1, 1,
		"--evse= --node= --name= --profile= --policy= --control= --password= --generate "
		"--serial= --why=",
		"As set-station", "depotctl register CP-30 --generate --evse 1:dc:150000"},
	{"remove-station", "STATION [--why TEXT]", ctl_remove_station, 1, 1, "--why=",
		"Removes a station and revokes what certificates it was given; its history stays",
		"depotctl remove-station CP-30 --why sold"},
	{"passwords", "--generate --out FILE [--all]", ctl_passwords, 0, 0,
		"--generate --out= --all",
		"Gives every station that has none a password and writes identity:password lines to a "
		"file of mode 0600; --all replaces those that are there",
		"depotctl passwords --generate --out station-passwords"},
	{"password", "rotate --stations S,S…|--all [--why TEXT]", ctl_password, 1, 1,
		"--stations= --all --why=",
		"Gives stations new passwords that depotd makes and nobody sees, and waits for the result "
		"of each; one that cannot take it keeps its own",
		"depotctl password rotate --all --why 'yearly'"},
	{"token",
		"add TYPE VALUE [--status S] [--vehicle V] [--group G] [--expires T] [--kind ac|dc]\n"
		"                [--at AC-01/2,AC-03] [--below NODE,…] [--hours 'mon-fri 05:00-22:00;…']\n"
		"                [--priority -9..9] [--language L] [--message TEXT] |\n"
		"                remove TYPE VALUE | list",
		ctl_token, 1, 3,
		"--status= --vehicle= --group= --expires= --kind= --at= --below= --hours= --priority= "
		"--language= --message=",
		"Cards and other tokens that may charge; where, when, and whose they are",
		"depotctl token add ISO14443 04A2B3C4 --vehicle VAN-12"},
	{"identities", "[VEHICLE [TYPE:VALUE … | --none]]", ctl_identities, 0, -1, "--none",
		"What vehicles are known by: cards, eMAID, MAC address, bays; with TYPE:VALUE sets them",
		"depotctl identities VAN-12 ISO14443:04A2B3C4 MacAddress:00:1A:2B:3C:4D:5E"},
	{"local-list", "[list] | on STATION | off STATION | sync STATION", ctl_local_list, 0, 2, "",
		"Local authorisation lists: what stations have; on: kept like our tokens; sync: sent anew",
		"depotctl local-list on AC-01"},
	{"clear-cache", "[STATION …] [--why TEXT]", ctl_clear_cache, 0, -1, "--why=",
		"Clears the authorisation caches of stations, of all that are connected by default",
		"depotctl clear-cache AC-01 --why 'lost card'"},
	{"reserve",
		"STATION TOKEN --until T [--evse N | --connector TYPE] [--type TYPE] [--group G]\n"
		"              [--why TEXT]",
		ctl_reserve, 2, 2, "--until= --evse= --connector= --type= --group= --why=",
		"Keeps an EVSE for a token until a time",
		"depotctl reserve AC-01 04A2B3C4 --evse 1 --until 2026-03-12T06:00:00Z"},
	{"reservations", "[list] [--station S] [--state S] [--limit N] | cancel STATION ID",
		ctl_reservations, 0, 3, "--station= --state= --limit=",
		"Reservations, newest first; --state open: those that hold",
		"depotctl reservations cancel AC-01 1203"},
	{"envelope",
		"[list] [--state open|over|all] [--node N] [--owner O] |\n"
		"              add NODE [POWER] [--export POWER] [--phase A] [--from T] --to T|--for D\n"
		"                [--priority 0..9] [--fallback] [--owner ADAPTER/PEER [--grid]] [--type T] |\n"
		"              try NODE … | show ID | limits NODE | accept ID | refuse ID | withdraw ID |\n"
		"              compliance ID   [--why TEXT]",
		ctl_envelope, 0, 3,
		"--state= --node= --owner= --limit= --export= --phase= --from= --to= --for= "
		"--priority= --fallback --grid --type= --why=",
		"Limits over time on nodes; try: what one would change; compliance: what became of it",
		"depotctl envelope add site 80kW --from 18:00 --to 20:00"},
	{"power", "", ctl_power, 0, 0, "",
		"What the guard reckons with: age of measurements and what that costs, demand windows, "
		"power returns, the island",
		"depotctl power"},
	{"obedience", "STATION", ctl_obedience, 1, 1, "",
		"What the station's chargers have shown: reaction, obedience, quirks",
		"depotctl obedience AC-01"},
	{"alarms",
		"[list] [--state active|aside|open|past] [--limit N] | show ID | take ID |\n"
		"              hand-over ID --to NAME | put-aside ID --until T   [--note TEXT]",
		ctl_alarms, 0, 2, "--state= --limit= --to= --until= --note=",
		"What a person must look at, and who does; show: the runbook",
		"depotctl alarms put-aside 01JA --until 2026-03-12T06:00:00Z --note 'part ordered'"},
	{"oscp",
		"[list] | add PEER [--endpoint URL --provider-token TOKEN|-] | remove PEER | handshake PEER |\n"
		"              adjust PEER GROUP CAPACITY --from T --to T [--unit W|KW|A|WH|KWH]\n"
		"              [--phase ALL|ONE|TWO|THREE] [--generation]",
		ctl_oscp, 0, 4,
		"--endpoint= --provider-token= --from= --to= --unit= --phase= --generation",
		"Capacity providers (grid operators that speak OSCP): add begins a registration and says "
		"what to do next, adjust asks for another capacity; - reads the token from stdin",
		"depotctl oscp adjust dso G1 80 --unit KW --from 20:00 --to +3h"},
	{"user",
		"list | add NAME [--role ROLE] [--nodes NODE,…] | role NAME ROLE [--nodes NODE,…] |\n"
		"              disable NAME | enable NAME | reset NAME | reset-factor NAME |\n"
		"              sessions NAME | sign-out NAME [SESSION] [--why TEXT]",
		ctl_user, 1, 3, "--role= --nodes= --why=",
		"People who may sign in, as what and where; add and reset print a link by which they set "
		"their password; reset-factor: their phone is lost",
		"depotctl user add anna --role dispatcher --nodes yard"},
	{"link", "[--name NAME] [--role ROLE]", ctl_link, 0, 0, "--name= --role=",
		"Makes a sign-in link for the console, good once and for 10 minutes",
		"depotctl link --name anna"},
	{"api-token", "add NAME [--role R] [--nodes NODE,…] [--days N] | list | revoke ID",
		ctl_api_token, 1, 2,
		"--role= --nodes= --days=", "API tokens for scripts; the secret is shown once",
		"depotctl api-token add backup-job --role admin --days 30"},
	{"approval", "[list] | approve ID | refuse ID [--why TEXT]", ctl_approval, 0, 2,
		"--why=", "Changes that wait for a second person (people.four_eyes in depotd.yaml)",
		"depotctl approval approve 19c5-1"},
	{"audit",
		"[list [--who W] [--type T] [--about STREAM] [--text T] [--refused] [--from T] [--to T]\n"
		"              [--before LINE] [--limit N]] | show LINE | export [--to-file FILE] | anchor |\n"
		"              verify --data DIR [--anchor FILE]",
		ctl_audit, 0, 2,
		"--who= --type= --about= --text= --refused --from= --to= --before= --limit= --to-file= "
		"--data= --anchor=",
		"Who did what, from where and why, and who was refused; show: with what was before. anchor "
		"prints what vouches for all lines until now: keep it elsewhere, verify --anchor finds a past "
		"that was written anew",
		"depotctl audit --who user:anna --refused"},
	{"journal", "[--stream S] [--type T] [--after N] [--limit N] [--follow]", ctl_journal, 0, 0,
		"--stream= --type= --after= --limit= --follow",
		"Events of the journal, the last ones by default; a stream that ends in / is a prefix",
		"depotctl journal --stream station/AC-01 --follow"},
	{"wire",
		"[--station S] [--action A] [--text T] [--error T] [--message-id ID] [--from T] [--to T]\n"
		"              [--faulty] [--pairs] [--limit N] [--export FILE|-]",
		ctl_wire, 0, 0,
		"--station= --action= --text= --error= --message-id= --from= --to= --faulty --pairs "
		"--limit= --export=",
		"OCPP messages as they went over the wire, oldest first; --faulty: those that break "
		"the schema, and CALLERRORs; --error T: of those the ones that say T; --pairs puts each "
		"request beside its answer; --export writes all of them to a file as JSON lines, for depotctl "
		"replay",
		"depotctl wire --station AC-01 --from 2026-03-11T18:00:00Z --export ac-01.jsonl"},
	{"replay",
		"FILE|- --station ID --to URL [--from STATION] [--password P|-] [--speed N | --as-fast]\n"
		"              [--shift]",
		ctl_replay, 1, 1, "--station= --to= --from= --password= --speed= --as-fast --shift",
		"Plays a conversation of wire --export against a test instance as that station, and "
		"tells where it answers otherwise; --shift moves its times to now; exit code 0: the same",
		"depotctl replay ac-01.jsonl --station AC-01 --to ws://localhost:9000/ocpp --speed 60"},
	{"metrics", "", ctl_metrics, 0, 0, "", "Counters in the text format of Prometheus",
		"depotctl metrics | grep ocpp"},
	{"routes", "", ctl_routes, 0, 0, "", "All paths of the API", "depotctl routes"},
	{"backup", "DIR [--passphrase-file FILE|-]", ctl_backup, 1, 1, "--passphrase-file=",
		"Copies the store, certificates and files to a folder on depotd's machine while it runs, and "
		"checks the store's copy; private keys and tokens go along only sealed under a passphrase",
		"depotctl backup /var/backups/depot-monday --passphrase-file ~/.depot-passphrase"},
	{"unseal", "DIR --passphrase-file FILE|-", ctl_unseal, 1, 1, "--passphrase-file=",
		"Opens the private keys and tokens of a backup in their places, so that depotd can be started "
		"from it; needs no depotd",
		"depotctl unseal /var/backups/depot-monday --passphrase-file -"},
	{"rebuild", "--check|--replace --data DIR", ctl_rebuild, 0, 0, "--check --replace --data=",
		"Computes the projections anew from the journal, and compares or replaces them; needs "
		"no depotd, --replace needs it stopped",
		"depotctl rebuild --check --data /var/lib/depotd"},
	{"verify", "--data DIR", ctl_verify, 0, 0,
		"--data=", "Checks the store's files and the journal's chain of hashes",
		"depotctl verify --data /var/backups/depot-monday"},
	{0},
};

int ctl_complain(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("depotctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

/* -- help ------------------------------------------------------------------------------------ */

static void help(void)
{
	puts("Usage: depotctl [OPTIONS] COMMAND …\n\nCommands:");
	for (const struct command *m = ctl_commands; m->name != NULL; m++)
		printf("  %-15s %s\n", m->name, m->help);
	puts("\nOptions:\n"
	     "  --socket PATH   depotd's Unix socket (else $DEPOTD_SOCKET, ./var/demo/depotd.sock,\n"
	     "                  /run/depotd/depotd.sock, /var/lib/depotd/depotd.sock)\n"
	     "  --url URL       over HTTPS instead: https://depot.example:8443\n"
	     "  --token TOKEN   API token for --url (else $DEPOTD_TOKEN)\n"
	     "  $DEPOTD_LANG    language of depotd's sentences: en, de\n"
	     "  --ca FILE       certificate that signed the server's (DATA/pki/root.pem)\n"
	     "  --json          print the API's answer as it is\n"
	     "  --help          this, or the help of a command; --version\n\n"
	     "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 depotd cannot be reached.");
}

static void help_command(const struct command *m)
{
	printf("Usage: depotctl %s%s%s\n\n%s.\n\nExample:\n  %s\n", m->name,
		m->usage[0] != '\0' ? " " : "", m->usage, m->help, m->example);
}

/* -- command line ---------------------------------------------------------------------------- */

static void drop(const char **list, int *n, int at, int count)
{
	for (int i = at; i + count < *n; i++)
		list[i] = list[i + count];
	*n -= count;
}

/* The value of an option in a list of words, which it leaves; NULL: it is not there. */
static const char *take_option(const char **list, int *n, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < *n; i++) {
		const char *arg = list[i];
		if (strncmp(arg, name, len) != 0)
			continue;
		if (arg[len] == '=') {
			drop(list, n, i, 1);
			return arg + len + 1;
		}
		if (arg[len] == '\0' && i + 1 < *n) {
			const char *value = list[i + 1];
			drop(list, n, i, 2);
			return value;
		}
	}
	return NULL;
}

static bool take_flag(const char **list, int *n, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (strcmp(list[i], name) == 0) {
			drop(list, n, i, 1);
			return true;
		}
	return false;
}

const char *ctl_option(struct ctl *c, const char *name)
{
	return take_option(c->optv, &c->optc, name);
}

bool ctl_flag(struct ctl *c, const char *name)
{
	return take_flag(c->optv, &c->optc, name);
}

/* Is the option in the command's list, and does it take a value? 0: unknown, 1: flag, 2: value. */
static int option_kind(const char *options, const char *arg)
{
	size_t len = strcspn(arg, "=");

	for (const char *o = options; *o != '\0';) {
		size_t n = strcspn(o, " ");
		bool takes = n > 0 && o[n - 1] == '=';
		if (n - takes == len && strncmp(o, arg, len) == 0)
			return takes ? 2 : 1;
		o += n + (o[n] == ' ');
	}
	return 0;
}

/* Parts the command's words from its options and checks both against its row: a word is what it is
 * wherever it stands. */
static int part_words(struct ctl *c, const struct command *m)
{
	int words = 0;

	for (int i = 0; i < c->argc; i++) {
		const char *arg = c->argv[i];
		if (strncmp(arg, "--", 2) != 0 && strcmp(arg, "-o") != 0) {
			c->argv[words++] = arg;
			continue;
		}
		int kind = option_kind(m->options, arg);
		if (kind == 0)
			return ctl_complain(CTL_USAGE,
				"%s does not take %s; see: depotctl %s --help", m->name, arg,
				m->name);
		c->optv[c->optc++] = arg;
		if (kind == 2 && strchr(arg, '=') == NULL) {
			if (++i >= c->argc)
				return ctl_complain(CTL_USAGE, "%s needs a value", arg);
			c->optv[c->optc++] = c->argv[i];
		}
	}
	c->argc = words;
	if (words >= m->min_args && (m->max_args < 0 || words <= m->max_args))
		return CTL_OK;
	fprintf(stderr, "Usage: depotctl %s%s%s\nExample: %s\n", m->name,
		m->usage[0] != '\0' ? " " : "", m->usage, m->example);
	return CTL_USAGE;
}

static const struct command *command_find(const char *name)
{
	for (const struct command *m = ctl_commands; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static const char *default_socket(void)
{
	static const char *const places[] = {
		"./var/demo/depotd.sock", "/run/depotd/depotd.sock", "/var/lib/depotd/depotd.sock"};
	const char *env = getenv("DEPOTD_SOCKET");

	if (env != NULL && env[0] != '\0')
		return env;
	return access(places[0], F_OK) == 0 ? places[0] : places[1];
}

static void read_config(struct ctl *c, struct client_config *cfg)
{
	const char *socket = take_option(c->argv, &c->argc, "--socket");

	cfg->socket = socket != NULL ? socket : default_socket();
	cfg->url = take_option(c->argv, &c->argc, "--url");
	cfg->token = take_option(c->argv, &c->argc, "--token");
	cfg->ca = take_option(c->argv, &c->argc, "--ca");
	if (cfg->token == NULL)
		cfg->token = getenv("DEPOTD_TOKEN");
	cfg->language = getenv("DEPOTD_LANG");
	if (cfg->token != NULL && cfg->token[0] == '\0')
		cfg->token = NULL;
	c->ca = cfg->ca;
	c->json = take_flag(c->argv, &c->argc, "--json");
	c->colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

static int run(struct ctl *c, const struct command *m, const struct client_config *cfg)
{
	int status = part_words(c, m);

	if (status != CTL_OK)
		return status;
	if (cfg->url != NULL && strncmp(cfg->url, "http://", 7) == 0)
		return ctl_complain(CTL_USAGE, "--url %s: depotd speaks HTTPS only; use https://%s",
			cfg->url, cfg->url + 7);
	c->command = m->name;
	c->arena = arena_create(0);
	c->client = client_create(cfg);
	if (c->arena == NULL || c->client == NULL)
		status = ctl_complain(CTL_FAILED, "out of memory");
	else
		status = m->run(c);
	client_destroy(c->client);
	arena_destroy(c->arena);
	if (fflush(stdout) != 0 && status == CTL_OK)
		status = CTL_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	struct ctl c = {0};
	struct client_config cfg = {0};

	tty_guard();
	if (argc - 1 > CTL_ARGS)
		return ctl_complain(CTL_USAGE, "more than %d words", CTL_ARGS);
	for (int i = 1; i < argc; i++)
		c.argv[c.argc++] = argv[i];
	read_config(&c, &cfg);
	if (take_flag(c.argv, &c.argc, "--version")) {
		puts("depotctl " DEPOTD_VERSION);
		return CTL_OK;
	}
	bool wants_help = take_flag(c.argv, &c.argc, "--help") || take_flag(c.argv, &c.argc, "-h");
	if (c.argc > 0 && strcmp(c.argv[0], "help") == 0) {
		wants_help = true;
		drop(c.argv, &c.argc, 0, 1);
	}
	if (c.argc == 0) {
		help();
		return wants_help ? CTL_OK : CTL_USAGE;
	}
	const struct command *m = command_find(c.argv[0]);
	if (m == NULL)
		return ctl_complain(
			CTL_USAGE, "unknown command \"%s\"; see: depotctl --help", c.argv[0]);
	drop(c.argv, &c.argc, 0, 1);
	if (wants_help) {
		help_command(m);
		return CTL_OK;
	}
	return run(&c, m, &cfg);
}
