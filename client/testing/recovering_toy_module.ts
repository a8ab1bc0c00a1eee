/** For tests: the toy module that recovers, as a file that the command line loads. */
import { recoveringToy } from "./recovering_toy.ts";

export default recoveringToy({ runsMeanwhile: true });
