using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Machines;
using Strata.Monitor;

// strata-monitor REGISTRY: the process of one machine. Descriptor 3 is the connection of the client that started it.
const int OwnerDescriptor = 3;
if (args is not [var registry])
    return 2;
using PrivateFolder root = PrivateFolder.Open(registry);
using HostResources host = new(carrierCount: 1);
_ = await MonitorProcess.RunAsync(root, UnixSockets.FromDescriptor(OwnerDescriptor), (machine, files) => HostedMachine.Make(host, machine, files), LastResort.Arm);
return 0;
