import { SignalingNode } from '#support';

/** A signalling node in a process of its own: NODE_ID, data folder and secret of the Amphi it belongs to. */
const [nodeId = '', dataDir = '', secret = ''] = process.argv.slice(2);
const node = await SignalingNode.start({ nodeId, dataDir, secret });
process.send?.({ base: node.base });
process.on('SIGTERM', () => {
  node.stop().finally(() => process.exit(0));
});
