// Given to `node --import`: from then on `loligo/plugin` and `loligo/testing` are those of this copy of the program.
import { installSdkResolution } from '../plugins/loading/resolve-sdk.ts'

installSdkResolution()
