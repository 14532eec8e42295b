import { CallServerStage } from '#support';

/** Our call server with WHIP and WHEP in front, at the address that is given; says where. */
const [, , address = ''] = process.argv;
const stage = await CallServerStage.start({ address, revive: true });
process.send?.({ base: stage.base });
process.on('SIGTERM', () => {
  stage.stop().finally(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
